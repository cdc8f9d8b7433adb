/// Takes whole lines, one call at a time, and may block.
protocol LineWriter: Sendable {
    /// - Throws: If not all of it could be written.
    func write(_ bytes: [UInt8]) throws(LineWriterError)
}

/// That a file cannot be written to, and why.
struct LineWriterError: Error, CustomStringConvertible {
    let description: String
}
