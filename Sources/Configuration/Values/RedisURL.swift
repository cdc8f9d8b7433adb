internal import TextEncodings

/// Where a Redis is, who asks it, and which of its databases: `redis://user:password@host:port/db` or
/// `unix:///path/to/socket?db=1`.
public struct RedisURL: Sendable, Equatable, CustomStringConvertible {
    public enum Place: Sendable, Hashable {
        case server(host: String, port: Int)
        case socket(path: String)
    }

    public static let standardPort = 6379

    public let place: Place
    public let username: String?
    public let password: Secret?
    public let database: Int

    /// - Throws: what is wrong with it. Never repeats the text, which may hold a password.
    public init(_ text: String) throws(RedisURLError) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw RedisURLError("is longer than 2048 bytes, or holds what no URL does", "write other bytes as %XX")
        }
        guard let colon = text.firstRange(of: "://") else { throw .noScheme }
        let scheme = text[..<colon.lowerBound].lowercased()
        guard scheme != "rediss" else {
            throw RedisURLError(
                "asks for TLS, which the Redis library of this server cannot do",
                "use redis:// in a network that you trust, unix://, or redis:// to a TLS tunnel on this machine")
        }
        guard scheme == "redis" || scheme == "unix" else { throw .noScheme }
        var rest = text[colon.upperBound...]
        guard !rest.contains("#") else { throw RedisURLError("has a fragment", "end it with the database") }
        (username, password) = try Self.takeUser(&rest)
        if scheme == "unix" {
            let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            guard let path = PercentEncoding.decoded(parts[0]), path.hasPrefix("/"), path.utf8.count < 108 else {
                throw RedisURLError("names no socket", "write it like unix:///run/redis/redis.sock")
            }
            place = .socket(path: path)
            guard parts.count == 1 || parts[1].hasPrefix("db=") else {
                throw RedisURLError("has a query other than db=NUMBER", "write it like unix:///run/redis.sock?db=1")
            }
            database = parts.count == 1 ? 0 : try Self.database(parts[1].dropFirst(3))
            return
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority: Authority
        do throws(AuthorityError) { authority = try Authority(rest[..<slash]) } catch {
            throw RedisURLError("has a wrong host: \(error.message)", "write it like redis://redis.example.com:6379/0")
        }
        place = .server(host: authority.host, port: authority.port ?? Self.standardPort)
        let path = rest[slash...].dropFirst()
        database = path.isEmpty ? 0 : try Self.database(path)
    }

    private static func takeUser(_ rest: inout Substring) throws(RedisURLError) -> (String?, Secret?) {
        guard let at = rest.lastIndex(of: "@") else { return (nil, nil) }
        let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        rest = rest[rest.index(after: at)...]
        guard let user = PercentEncoding.decoded(parts[0]),
            let password = PercentEncoding.decoded(parts.count > 1 ? parts[1] : "")
        else {
            throw RedisURLError("has a user or a password that cannot be read", "write other bytes as %XX")
        }
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : Secret(password))
    }

    private static func database(_ text: Substring) throws(RedisURLError) -> Int {
        guard let number = Int(text), (0...65535).contains(number), text.utf8.allSatisfy({ (48...57).contains($0) })
        else { throw RedisURLError("has a database that is no number", "end it like /0") }
        return number
    }

    /// Without the password.
    public var description: String {
        let user = username.map { "\(PercentEncoding.encoded($0))@" } ?? ""
        return switch place {
        case .server(let host, let port):
            "redis://\(user)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .socket(let path):
            "unix://\(user)\(PercentEncoding.encoded(path, keeping: "/"))" + (database == 0 ? "" : "?db=\(database)")
        }
    }
}

/// Why a text is no Redis' URL.
public struct RedisURLError: Error, Sendable, Equatable {
    public let message: String
    public let remedy: String

    init(_ message: String, _ remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    static let noScheme = RedisURLError(
        "has a scheme other than redis and unix", "write it like redis://redis.example.com:6379/0")
}
