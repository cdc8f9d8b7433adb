import NIOConcurrencyHelpers

/// Headers of tokens whose signature was right, and the key that each names: all tokens of one key have the same, with its
/// certificates in it, and to read that takes as long as to check a signature.
final class KnownHeaders: Sendable {
    private static let most = 16

    private let keys = NIOLockedValueBox<[[UInt8]: VerificationKey]>([:])

    subscript(header: [UInt8]) -> VerificationKey? { keys.withLockedValue { $0[header] } }

    func insert(_ header: [UInt8], _ key: VerificationKey) {
        keys.withLockedValue { keys in
            if keys.count >= Self.most { keys = [:] }
            keys[header] = key
        }
    }
}
