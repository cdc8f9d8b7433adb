internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Storage
internal import Threads

/// An object for one reader: from the file that is being filled as far as that goes, else from the store behind.
final class TierBody: Sendable {
    private enum Source {
        case unopened
        case file(TierFill)
        case direct(ObjectBody)
    }

    private struct State {
        var position: Int64
        var source = Source.unopened
    }

    /// Bytes read at a time.
    private static let step: Int64 = 256 << 10

    private let object: RemoteObject
    private let range: Range<Int64>
    private let pool: ThreadPool
    /// The fill to follow, if there is one for this range.
    private let fill: @Sendable () -> TierFill?
    private let state: NIOLockedValueBox<State>

    init(
        _ object: RemoteObject, _ range: Range<Int64>, _ pool: ThreadPool, fill: @escaping @Sendable () -> TierFill?
    ) {
        self.object = object
        self.range = range
        self.pool = pool
        self.fill = fill
        state = NIOLockedValueBox(State(position: range.lowerBound))
    }

    func next() async throws(StorageError) -> ByteBuffer? {
        while true {
            let (position, source) = state.withLockedValue { ($0.position, $0.source) }
            guard position < range.upperBound else { return nil }
            switch source {
            case .unopened:
                let source = fill().map { Source.file($0) } ?? direct(position)
                state.withLockedValue { $0.source = source }
            case .direct(let body):
                guard let piece = try await body.next() else { return nil }
                state.withLockedValue { $0.position += Int64(piece.readableBytes) }
                return piece
            case .file(let fill):
                let progress = try await fill.progress(after: position)
                if let piece = await piece(fill, position, progress.released) {
                    state.withLockedValue { $0.position += Int64(piece.readableBytes) }
                    return piece
                }
                if case .wrong = progress.phase {
                    throw StorageError(.corrupt, "the store behind holds other bytes than those of \(fill.digest)")
                }
                state.withLockedValue { $0.source = direct(position) }
            }
        }
    }

    private func direct(_ position: Int64) -> Source { .direct(object.body(position..<range.upperBound)) }

    private func piece(_ fill: TierFill, _ position: Int64, _ released: Int64) async -> ByteBuffer? {
        let count = Int(min(released, range.upperBound, position + Self.step) - position)
        guard count > 0 else { return nil }
        let piece = try? await pool.run { fill.file.bytes(at: position, count: count) }
        return piece ?? nil
    }
}
