/// Why credentials that were shown were not taken.
public enum CredentialError: Error, Sendable, Equatable {
    /// They are not of a kind, or not of the shape, that is understood here.
    case malformed
    /// No such user, or another password: which of the two is not said.
    case wrong
    /// The token is not valid (any more); the reason is for the log.
    case invalidToken(String)
    /// Too many wrong passwords came from the client's address; seconds until the next may be tried.
    case slowed(retryAfter: Int)
    /// As many passwords are being checked as may be.
    case busy
}

extension CredentialError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed: "the Authorization header is neither Basic nor Bearer as they are specified"
        case .wrong: "wrong user name or password"
        case .invalidToken(let reason): "the token is not valid: \(reason)"
        case .slowed(let seconds): "too many wrong passwords from this address; wait \(seconds) seconds"
        case .busy: "too many passwords are being checked"
        }
    }
}
