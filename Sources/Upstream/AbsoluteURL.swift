import CurlClient

/// An `http` or `https` URL taken apart (RFC 3986), of the kind that may be asked: no user information, no fragment,
/// only visible ASCII.
struct AbsoluteURL: Hashable, Sendable {
    /// What may share credentials: scheme, host and port (RFC 6454).
    struct Origin: Hashable, Sendable {
        let isSecure: Bool
        /// Lower case, IPv6 addresses in brackets.
        let host: String
        let port: Int

        /// `host`, and the port where it is not the scheme's own.
        var authority: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }
    }

    let origin: Origin
    /// Begins with a slash.
    let path: String
    /// Without the question mark.
    let query: String?

    var text: String {
        "\(origin.isSecure ? "https" : "http")://\(origin.authority)\(path)\(query.map { "?" + $0 } ?? "")"
    }

    init(origin: Origin, path: String, query: String? = nil) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    /// Parses an absolute URL; nil for anything that this is not.
    init?(_ text: some StringProtocol) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let isSecure: Bool
        switch text[..<colon].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[text.utf8.index(after: colon)...]
        guard rest.hasPrefix("//") else { return nil }
        self.init(isSecure: isSecure, afterSlashes: rest.dropFirst(2))
    }

    private init?(isSecure: Bool, afterSlashes text: some StringProtocol) {
        guard text.utf8.count <= 16 << 10, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C }) else {
            return nil
        }
        let end = text.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? text.endIndex
        guard let origin = Origin(isSecure: isSecure, authority: text[..<end]) else { return nil }
        let (path, query) = Self.split(text[end...])
        self.init(origin: origin, path: Self.withoutDotSegments(path.isEmpty ? "/" : path), query: query)
    }

    /// The URL that a reference such as `Location` means, seen from this one (RFC 3986, section 5.2).
    func resolving(_ reference: some StringProtocol) -> AbsoluteURL? {
        guard reference.utf8.count <= 16 << 10,
            reference.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C })
        else { return nil }
        if reference.hasPrefix("//") {
            return AbsoluteURL(isSecure: origin.isSecure, afterSlashes: reference.dropFirst(2))
        }
        let firstSegment = reference.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if firstSegment.contains(":") { return AbsoluteURL(reference) }
        let (path, query) = Self.split(reference)
        if path.isEmpty { return AbsoluteURL(origin: origin, path: self.path, query: query ?? self.query) }
        if path.hasPrefix("/") { return AbsoluteURL(origin: origin, path: Self.withoutDotSegments(path), query: query) }
        let directory = self.path[...(self.path.lastIndex(of: "/") ?? self.path.startIndex)]
        return AbsoluteURL(origin: origin, path: Self.withoutDotSegments(directory + path), query: query)
    }

    private static func split(_ text: some StringProtocol) -> (path: String, query: String?) {
        let text = text.prefix { $0 != "#" }
        guard let mark = text.firstIndex(of: "?") else { return (String(text), nil) }
        return (String(text[..<mark]), String(text[text.index(after: mark)...]))
    }

    /// RFC 3986, section 5.2.4, for paths that begin with a slash.
    private static func withoutDotSegments(_ path: some StringProtocol) -> String {
        let segments = String(path).dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var kept: [Substring] = []
        for (position, segment) in segments.enumerated() {
            let isLast = position == segments.count - 1
            if segment == ".." { _ = kept.popLast() }
            if segment != ".", segment != ".." {
                kept.append(segment)
            } else if isLast {
                kept.append("")
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}

extension AbsoluteURL.Origin {
    /// Parses `host[:port]`. Numbers that only `inet_aton` takes for an address (`0xA9FEA9FE`, `127.1`) are no hosts:
    /// they serve to slip past checks such as `isLinkLocal`.
    init?(isSecure: Bool, authority: some StringProtocol) {
        let host: String
        let port: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]"), IPLiteral(v6: authority[..<end].dropFirst()) != nil else {
                return nil
            }
            host = authority[...end].lowercased()
            port = Substring(authority[authority.index(after: end)...])
        } else {
            host = authority.prefix { $0 != ":" }.lowercased()
            port = Substring(authority.dropFirst(host.count))
            guard (1...253).contains(host.utf8.count),
                host.utf8.allSatisfy({
                    (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
                })
            else { return nil }
            if let last = host.split(separator: ".").last, Self.isNumber(last), IPLiteral(v4: host) == nil {
                return nil
            }
        }
        self.isSecure = isSecure
        self.host = host
        switch port {
        case "", ":": self.port = isSecure ? 443 : 80
        default:
            guard port.hasPrefix(":"), port.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(port.dropFirst()), number > 0
            else { return nil }
            self.port = Int(number)
        }
    }

    /// Whether it is this machine.
    var isLoopback: Bool { host == "localhost" || (address.map { AddressRanges(of: $0.bytes) == .loopback } ?? false) }

    private var address: IPLiteral? {
        host.hasPrefix("[") ? IPLiteral(v6: host.dropFirst().dropLast()) : IPLiteral(v4: host)
    }

    /// Addresses that reach only the own machine's network, where clouds keep the credentials of the machine.
    var isLinkLocal: Bool { address?.isLinkLocal ?? false }

    private static func isNumber(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { (0x30...0x39).contains($0) } || label.hasPrefix("0x")
    }
}
