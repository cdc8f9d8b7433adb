/// A token's second part (RFC 7519, section 4, and the Docker token protocol). Times are seconds since 1970.
struct TokenClaims: Codable {
    var iss: String
    var sub: String
    var aud: Audience
    var exp: Int64
    var nbf: Int64?
    var iat: Int64?
    var jti: String?
    var access: [ResourceScope]?

    /// One name or several.
    struct Audience: Codable {
        var names: [String]

        init(_ name: String) { names = [name] }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let name = try? container.decode(String.self) {
                names = [name]
            } else {
                names = try container.decode([String].self)
            }
        }

        /// As a plain string, which is what registries of old expect.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if names.count == 1 { try container.encode(names[0]) } else { try container.encode(names) }
        }
    }
}
