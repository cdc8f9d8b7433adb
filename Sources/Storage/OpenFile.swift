#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// An open file descriptor that closes when the last holder lets go. The file behind it may be renamed or deleted
/// meanwhile: who holds it goes on reading the same bytes.
public final class OpenFile: Sendable {
    public let descriptor: CInt

    /// Takes over an open descriptor.
    public init(owning descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
