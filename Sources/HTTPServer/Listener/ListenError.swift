#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import NIOCore

/// Why a server cannot listen on its address, and what to do about it.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// Host and port, as configured.
    public let place: String
    public let reason: String
    public let remedy: String

    /// - Parameter cause: What binding threw.
    init(_ configuration: HTTPServerConfiguration, _ cause: any Error) {
        let (host, port) = (configuration.address, configuration.port)
        place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        switch (cause as? IOError)?.errnoCode {
        case EADDRINUSE:
            reason = "another process has the port, maybe another entrepot"
            remedy = "'ss -ltnp sport = :\(port)' shows which; end it, or choose another port"
        case EADDRNOTAVAIL:
            reason = "no interface of this machine has the address"
            remedy = "choose one that 'ip address' shows, or 0.0.0.0 or :: for all"
        case EACCES, EPERM:
            reason = "this user may not have the port"
            remedy = "choose one from 1024 on, or give the program CAP_NET_BIND_SERVICE"
        case let number?:
            reason = String(cString: strerror(number))
            remedy = "choose another address or port"
        case nil:
            reason = "the name has no address here"
            remedy = "choose an address, or a name that this machine resolves"
        }
    }

    public var description: String { "cannot listen on \(place): \(reason); \(remedy)" }
}
