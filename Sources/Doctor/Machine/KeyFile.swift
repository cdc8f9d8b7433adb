#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file with a private key or a password.
public struct KeyFile: Sendable {
    private let path: String

    public init(_ path: String) { self.path = path }

    /// Nil where the file is not there or is nobody else's to read.
    public var finding: Finding? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IROTH != 0 else { return nil }
        return Finding(
            .warning, .tls, path, "every user of this machine can read it",
            remedy: "chmod o= \(path), and let the server's user or group have it")
    }
}
