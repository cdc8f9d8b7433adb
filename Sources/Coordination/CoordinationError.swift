/// Why replicas could not agree on something.
public struct CoordinationError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Nobody can be asked: gone, too slow, starting, read-only, or out of memory.
        case unavailable
        /// The answer makes no sense: somebody else writes under these names.
        case unintelligible
        /// The lease was lost to time or to somebody else before the work was done.
        case leaseLost
        /// Others held the lease for longer than the caller could wait.
        case busy
        /// A value is larger than allowed, or empty.
        case invalidValue
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(message)" + (cause.map { ": \($0)" } ?? "") }
}
