/// `host`, `host:port` or `[IPv6]:port`, in lower case.
struct Authority: Equatable {
    /// Without brackets.
    let host: String
    let port: Int?

    /// - Throws: what is wrong with it, in words.
    init(_ text: some StringProtocol) throws(AuthorityError) {
        let lower = text.lowercased()
        let rest: Substring
        if lower.hasPrefix("[") {
            guard let end = lower.firstIndex(of: "]") else { throw AuthorityError("'[' is not closed") }
            host = String(lower[lower.index(after: lower.startIndex)..<end])
            guard host.contains(":"), BindAddress.isIPAddress(host) else {
                throw AuthorityError("'[\(host)]' is not an IPv6 address")
            }
            rest = lower[lower.index(after: end)...]
        } else {
            let end = lower.firstIndex(of: ":") ?? lower.endIndex
            host = String(lower[..<end])
            guard !host.isEmpty else { throw AuthorityError("the host is missing") }
            guard BindAddress.isIPAddress(host) || HostName.isValid(host) else {
                throw AuthorityError("'\(host)' is not a host name or address")
            }
            rest = lower[end...]
        }
        guard !rest.isEmpty else {
            port = nil
            return
        }
        guard rest.hasPrefix(":"), rest.dropFirst().utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(rest.dropFirst()), Self.ports.contains(number)
        else {
            throw AuthorityError("'\(rest)' is not a port \(Self.ports.words)")
        }
        port = number
    }

    private static let ports = 1...65_535
}

extension Authority: CustomStringConvertible {
    var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }
}

/// Why a text is no host with or without a port, in words.
struct AuthorityError: Error, Equatable {
    let message: String
    init(_ message: String) { self.message = message }
}
