import Logging
import OCI
import Storage

/// What could not be looked at or changed in a round, which goes on with the rest and tells of it in the end: one thing that is odd
/// must not keep everything else from being done, round after round.
struct RoundFaults {
    private(set) var count: Int64 = 0
    private var first: String?
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// Notes an error of the store; only the first of a round is logged as a warning.
    ///
    /// - Throws: The error where it is no such thing, and `CancellationError` where the round is to end anyhow.
    mutating func note(_ error: any Error, of subject: some CustomStringConvertible, _ pacer: Pacer) throws {
        if error is CancellationError { throw error }
        guard !Task.isCancelled, pacer.mayGoOn() else { throw CancellationError() }
        let reason: String
        switch error {
        case let error as StorageError: reason = "\(error)"
        case let error as RegistryError: reason = error.cause.map { "\($0)" } ?? error.message
        default: throw error
        }
        count += 1
        logger.log(
            level: first == nil ? .warning : .debug, "the janitor passes over what it cannot look at or change",
            metadata: ["subject": "\(subject)", "error": "\(reason)"])
        if first == nil { first = "\(subject): \(reason)" }
    }

    /// What the round ends with; nil if there was nothing.
    var summary: String? {
        first.map { "passed over \(count) that could not be looked at or changed, the first of them \($0)" }
    }
}
