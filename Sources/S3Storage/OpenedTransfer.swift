internal import CurlClient
internal import NIOConcurrencyHelpers

/// A transfer that began with the question what there is, for the first who wants its bytes. Nobody's, it ends with this.
final class OpenedTransfer: Sendable {
    /// What comes.
    let range: Range<Int64>
    private let body: NIOLockedValueBox<CurlBody?>

    init(_ body: CurlBody, _ range: Range<Int64>) {
        self.body = NIOLockedValueBox(body)
        self.range = range
    }

    /// Nil if it begins elsewhere, or somebody has it.
    func take(at start: Int64) -> CurlBody? {
        guard start == range.lowerBound else { return nil }
        return body.withLockedValue { body in
            defer { body = nil }
            return body
        }
    }
}
