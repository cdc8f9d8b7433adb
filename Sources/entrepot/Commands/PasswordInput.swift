#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A password as people or programs give it to a command.
enum PasswordInput {
    private static let longest = 4096

    /// - Throws: ``PasswordInputError``
    static func read() throws -> [UInt8] {
        guard isatty(STDIN_FILENO) == 1 else { return try trimmed(bytes(untilNewline: false)) }
        let first = try ask("Password: ")
        guard try ask("Again: ") == first else { throw PasswordInputError(message: "the two are not the same") }
        return first
    }

    private static func ask(_ prompt: String) throws -> [UInt8] {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw PasswordInputError(message: "the terminal cannot be set up")
        }
        var silent = settings
        // Without signals too: they would end the program and leave a terminal that shows nothing.
        silent.c_lflag &= ~tcflag_t(ECHO | ISIG)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else {
            throw PasswordInputError(message: "the terminal cannot be set up")
        }
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            StandardError.write("\n")
        }
        StandardError.write(prompt)
        let line = try trimmed(bytes(untilNewline: true))
        // What Control-C is without signals.
        if line.contains(3) { throw PasswordInputError(message: "interrupted") }
        return line
    }

    private static func bytes(untilNewline: Bool) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while bytes.count <= longest, !untilNewline || bytes.last != UInt8(ascii: "\n") {
            let count = chunk.withUnsafeMutableBytes { systemRead($0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw PasswordInputError(message: "standard input cannot be read") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    private static func trimmed(_ bytes: [UInt8]) throws -> [UInt8] {
        var bytes = bytes
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard bytes.count <= longest else {
            throw PasswordInputError(message: "the password is longer than \(longest) bytes")
        }
        return bytes
    }

    private static func systemRead(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Darwin)
            Darwin.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        #else
            Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
        #endif
    }
}

struct PasswordInputError: Error {
    let message: String
}
