/// One word of a command.
struct RedisArgument: ExpressibleByStringLiteral {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ text: String) { bytes = Array(text.utf8) }
    init(_ number: some BinaryInteger) { self.init(String(number)) }
    /// In whole milliseconds, at least one.
    init(milliseconds duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(max(seconds * 1000 + attoseconds / 1_000_000_000_000_000, 1))
    }
    init(stringLiteral text: String) { self.init(text) }
}
