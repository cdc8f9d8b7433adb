/// A token and what is said about it.
public struct TokenAnswer: Sendable {
    public let form: TokenRequest.Form
    public let token: String
    /// Seconds.
    public let expiresIn: Int64
    /// Seconds since 1970.
    public let issuedAt: Int64
    public let granted: [ResourceScope]
    public let refreshToken: String?
    public let subject: TokenSubject
}

extension TokenAnswer: Encodable {
    private enum CodingKeys: String, CodingKey {
        case token
        case accessToken = "access_token"
        case expiresIn = "expires_in"
        case issuedAt = "issued_at"
        case scope
        case refreshToken = "refresh_token"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        // Clients of either form know one of the two names.
        try container.encode(token, forKey: .token)
        try container.encode(token, forKey: .accessToken)
        try container.encode(expiresIn, forKey: .expiresIn)
        try container.encode(Self.timestamp(issuedAt), forKey: .issuedAt)
        if form == .oauth { try container.encode(granted.scopeText, forKey: .scope) }
        try container.encodeIfPresent(refreshToken, forKey: .refreshToken)
    }

    /// RFC 3339, UTC. The civil calendar's arithmetic, by eras of 400 years.
    static func timestamp(_ seconds: Int64) -> String {
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = seconds % 86_400
        return "\(year)-\(padded(civilMonth))-\(padded(day))T"
            + "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60))Z"
    }
}
