import Glibc
import NIOConcurrencyHelpers

/// Ports on loopback that nobody listens on, for programs that cannot be asked to choose one themselves.
///
/// Taken below the kernel's ephemeral range, so that no outgoing connection of a parallel test takes one away between
/// the choice and the use, and never handed out twice by one process.
public enum FreePorts {
    private static let given = NIOLockedValueBox<Set<UInt16>>([])

    public static func next() -> UInt16 {
        while true {
            let candidate = UInt16.random(in: 20_000..<32_000)
            if given.withLockedValue({ $0.insert(candidate).inserted }), isFree(candidate) { return candidate }
        }
    }

    private static func isFree(_ port: UInt16) -> Bool {
        withSocket { descriptor in withAddress(port) { bind(descriptor, $0, $1) == 0 } }
    }

    /// Whether something accepts connections on this port now.
    public static func isListening(_ port: UInt16) -> Bool {
        withSocket { descriptor in withAddress(port) { connect(descriptor, $0, $1) == 0 } }
    }

    private static func withSocket(_ body: (Int32) -> Bool) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return body(descriptor)
    }

    private static func withAddress(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
