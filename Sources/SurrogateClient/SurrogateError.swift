/// Why nothing was carried out elsewhere.
public struct SurrogateError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// Something of this machine could not be opened, written or started.
        case here
        /// What is not understood came back.
        case answer
        /// It ended with this status, and told why on standard error. Of a program that was killed it is 128 and the signal, as
        /// shells have it.
        case failed(Int32)
    }

    public let kind: Kind
    public let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
