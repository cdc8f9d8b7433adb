/// A token's first part (RFC 7515, section 4).
struct TokenHeader: Codable {
    var typ: String?
    var alg: String
    var kid: String?
    var x5c: [String]?
    /// Extensions that must be understood; none is.
    var crit: [String]?
}
