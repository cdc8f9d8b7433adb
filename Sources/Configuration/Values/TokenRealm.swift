/// The address of a token service, as challenges name it: `https://registry.example.com/auth/token`.
public struct TokenRealm: Sendable, Equatable, CustomStringConvertible {
    public let description: String

    /// - Throws: What is wrong with it, in words.
    init(_ text: String) throws(AuthorityError) {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else {
            throw AuthorityError("it does not begin with https:// or http://")
        }
        guard
            text.utf8.allSatisfy({
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            })
        else { throw AuthorityError("it holds spaces, quotes, or characters that need percent-encoding") }
        let rest = text.dropFirst(scheme.utf8.count)
        _ = try Authority(rest.prefix { $0 != "/" && $0 != "?" })
        guard !rest.contains("#") else { throw AuthorityError("a fragment means nothing here") }
        description = text
    }
}
