import ArgumentParser

#if canImport(Darwin)
    @preconcurrency import Darwin
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    @preconcurrency import Glibc
#endif

/// What programs read. It is printed through a buffer: that it cannot be written shows only when the buffer is emptied.
enum StandardOutput {
    /// - Throws: `ExitCode.failure`, said why, if something that was printed could not be written.
    static func flush() throws {
        let reason = fflush(stdout) == 0 ? nil : String(cString: strerror(errno))
        guard reason != nil || ferror(stdout) != 0 else { return }
        StandardError.write("entrepot: the output could not be written\(reason.map { ": \($0)" } ?? "")\n")
        throw ExitCode.failure
    }
}
