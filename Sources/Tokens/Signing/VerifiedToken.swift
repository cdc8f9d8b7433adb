/// A token that this server's keys signed, for this server, and that is valid now.
public struct VerifiedToken: Sendable, Equatable {
    public let subject: TokenSubject
    public let access: [ResourceScope]
    /// Seconds since 1970.
    public let expires: Int64
    public let notBefore: Int64

    /// - Throws: Outside of its time, with the leeway that clocks get.
    func check(at now: Int64) throws(TokenError) {
        guard now <= expires + TokenIssuer.skew else { throw .expired }
        guard now >= notBefore - TokenIssuer.skew else { throw .notYetValid }
    }
}
