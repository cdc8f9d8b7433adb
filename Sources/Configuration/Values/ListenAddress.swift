/// `host:port` or `[IPv6]:port` to listen on.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    public let port: Int

    /// - Throws: what is wrong with it, in words.
    init(_ text: String) throws(AuthorityError) {
        let authority = try Authority(text)
        guard let port = authority.port else { throw AuthorityError("the port is missing") }
        host = authority.host
        self.port = port
    }

    /// Nil for what is none.
    public init?(argument text: String) {
        do throws(AuthorityError) { try self.init(text) } catch { return nil }
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
