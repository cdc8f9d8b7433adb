internal import NIOConcurrencyHelpers
internal import OCI

/// How much of what is pushed is there, of all blobs together.
final class PushTally: Sendable {
    private let total: Int64
    private let report: @Sendable (Int64, Int64) -> Void
    private let state = NIOLockedValueBox<(blobs: [Digest: Int64], sum: Int64)>(([:], 0))

    /// - Parameter report: Told how many bytes are there, of how many.
    init(total: Int64, report: @escaping @Sendable (Int64, Int64) -> Void) {
        self.total = total
        self.report = report
    }

    /// So much of a blob is there in all.
    func note(_ digest: Digest, _ bytes: Int64) {
        let sum = state.withLockedValue { state in
            state.sum += bytes - (state.blobs.updateValue(bytes, forKey: digest) ?? 0)
            return state.sum
        }
        report(sum, total)
    }
}
