#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Where text goes that people read.
public enum TextOutput: Int32, Sendable {
    case standardOutput = 1
    case standardError = 2

    /// Whether it is a terminal that can be drawn on.
    public var isTerminal: Bool {
        guard isatty(rawValue) == 1 else { return false }
        return getenv("TERM").map { String(cString: $0) != "dumb" } ?? false
    }

    /// All of it in one call, as far as the system takes it.
    ///
    /// - Returns: Whether somebody took it.
    @discardableResult
    public func write(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(rawValue, $0) }
            guard count > 0 || errno == EINTR || errno == EAGAIN else { return false }
            if count < 0, errno == EAGAIN { _ = usleep(1000) }
            bytes = bytes.dropFirst(max(count, 0))
        }
        return true
    }
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, buffer.count)
}
