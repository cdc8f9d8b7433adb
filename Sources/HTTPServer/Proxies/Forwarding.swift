import NIOCore
import NIOHTTP1

/// Finds out who made a request that proxies passed on.
///
/// Each proxy writes behind what it was given, so that the list is read from its end, and no further than to the first
/// address that is not a trusted proxy's: what stands before that was written by strangers.
struct Forwarding: Equatable {
    /// Nil where even the peer's is not known.
    var client: SocketAddress?
    /// What the proxy said of the client's connection to it; nil if nothing.
    var isSecure: Bool?
    var isBelieved = false

    /// - Parameter source: Where the connection comes from.
    /// - Throws: 400 where a trusted proxy's fields are malformed or contradict each other.
    init(_ headers: HTTPHeaders, from source: SocketAddress?, through proxies: TrustedProxies?) throws(RequestError) {
        client = source
        guard let proxies, let source, proxies.contains(source) else { return }
        isBelieved = true
        let listed = try Self.listed(headers["X-Forwarded-For"], source, proxies)
        let forwarded = try Self.forwarded(headers["Forwarded"], source, proxies)
        if let first = listed, let second = forwarded?.client, first != second { throw .forwarding }
        client = listed ?? forwarded?.client ?? source
        let schemes = headers["X-Forwarded-Proto"].flatMap {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        for scheme in schemes.map({ $0.trimmingBlanks().lowercased() }) + (forwarded?.scheme.map { [$0] } ?? []) {
            guard scheme == "http" || scheme == "https", isSecure == nil || isSecure == (scheme == "https") else {
                throw .forwarding
            }
            isSecure = scheme == "https"
        }
    }

    /// Nil where no address is told.
    private static func listed(
        _ fields: [String], _ source: SocketAddress, _ proxies: TrustedProxies
    ) throws(RequestError) -> SocketAddress? {
        var client: SocketAddress?
        let entries = fields.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        for entry in entries.reversed() where proxies.contains(client ?? source) {
            guard case .address(let address) = try ForwardedNode(entry.trimmingBlanks()) else { break }
            client = address
        }
        return client
    }

    private static func forwarded(
        _ fields: [String], _ source: SocketAddress, _ proxies: TrustedProxies
    ) throws(RequestError) -> (client: SocketAddress?, scheme: String?)? {
        guard !fields.isEmpty else { return nil }
        var client: SocketAddress?
        var scheme: String?
        for element in try ForwardedField(fields.joined(separator: ",")).elements.reversed()
        where proxies.contains(client ?? source) {
            scheme = element.scheme
            guard case .address(let address)? = element.node else { break }
            client = address
        }
        return (client, scheme)
    }
}

extension RequestError {
    static let forwarding = RequestError.malformedRequest(
        "what a trusted proxy says of its client is malformed or contradicts itself")
}

extension Substring {
    fileprivate func trimmingBlanks() -> Substring {
        var text = self
        while text.utf8.first == 0x20 || text.utf8.first == 0x09 { text.utf8.removeFirst() }
        while text.utf8.last == 0x20 || text.utf8.last == 0x09 { text.utf8.removeLast() }
        return text
    }
}
