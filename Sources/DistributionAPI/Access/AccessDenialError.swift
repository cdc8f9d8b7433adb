internal import Access

/// Why a request was turned away: for the log, as the cause of what the client is told.
enum AccessDenialError: Error, CustomStringConvertible {
    case credentials(CredentialError)
    /// By policy, or by a token's grants.
    case decision(Decision, AccessRequest)
    case unreadableCertificate
    /// `/v2/` asks everybody.
    case invitation

    var description: String {
        switch self {
        case .credentials(let error): "\(error)"
        case .decision(let decision, _): "\(decision)"
        case .unreadableCertificate: "the client's certificate names nobody that can be told as text"
        case .invitation: "no credentials, and they are asked for"
        }
    }

    /// What was wrong with a token, in the words of challenges.
    var failure: ChallengeOccasion.Failure? {
        switch self {
        case .credentials(.invalidToken): .invalidToken
        case .decision(let decision, _) where decision.basis == .grants: .insufficientScope
        default: nil
        }
    }
}
