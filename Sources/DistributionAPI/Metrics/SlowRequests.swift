internal import HTTPServer
internal import NIOConcurrencyHelpers
internal import NIOHTTP1
internal import OCI

/// The last answers that took long, for who looks at the running server. All others cost a comparison.
public final class SlowRequests: Sendable {
    /// What is shorter is of no interest; nanoseconds.
    static let shortest: Int64 = 250_000_000
    /// What is older is not told.
    static let oldest = Duration.seconds(300)
    /// Of those that are kept, and of those that are told.
    static let most = (kept: 128, told: 20)

    private struct Entry {
        var time: Duration
        var request: SlowRequestReport
        var nanoseconds: Int64
    }

    private struct State {
        var entries: [Entry] = []
        var next = 0
    }

    private let state = NIOLockedValueBox(State())
    private let now: @Sendable () -> Duration

    /// - Parameter now: A clock that goes on.
    public init(now: @escaping @Sendable () -> Duration = SlowRequests.uptime()) {
        self.now = now
    }

    /// A clock that begins now.
    public static func uptime() -> @Sendable () -> Duration {
        let start = ContinuousClock.now
        return { ContinuousClock.now - start }
    }

    func note(_ exchange: Exchange, _ note: CarriedNote?) {
        guard exchange.nanoseconds >= Self.shortest, let note = note?.content, let action = note.action else { return }
        let entry = Entry(
            time: now(), request: SlowRequestReport(exchange, note, action), nanoseconds: exchange.nanoseconds)
        state.withLockedValue { state in
            if state.entries.count < Self.most.kept {
                state.entries.append(entry)
            } else {
                state.entries[state.next] = entry
            }
            state.next = (state.next + 1) % Self.most.kept
        }
    }

    /// The slowest first.
    var reports: [SlowRequestReport] {
        let now = now()
        return state.withLockedValue { $0.entries }.filter { now - $0.time <= Self.oldest }
            .sorted { $0.nanoseconds > $1.nanoseconds }.prefix(Self.most.told).map { entry in
                var report = entry.request
                report.ageSeconds = (now - entry.time).fractionalSeconds
                return report
            }
    }
}

/// An answer that took long.
struct SlowRequestReport: Encodable, Sendable, Equatable {
    var action: String
    var repository: String?
    /// Tag or digest.
    var reference: String?
    var status: UInt
    /// From the request's complete head to the last byte of its answer.
    var seconds: Double
    /// To the first byte; nil where none was sent.
    var firstByteSeconds: Double?
    var bytes: Int64
    /// `Cache-Status` of the answer.
    var cache: String?
    /// Since it was over.
    var ageSeconds = 0.0

    init(_ exchange: Exchange, _ note: RequestNote, _ action: Action) {
        self.action = action.name
        repository = action.repository?.value
        reference = action.reference.map { "\($0)" } ?? action.digest.map { "\($0)" }
        status = exchange.status.code
        seconds = Double(exchange.nanoseconds / 1000) / 1e6
        firstByteSeconds = exchange.firstByteNanoseconds.map { Double($0 / 1000) / 1e6 }
        bytes = exchange.bytesSent
        cache = note.cache
    }
}

extension Duration {
    fileprivate var fractionalSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds / 1_000_000_000_000) / 1e6
    }
}
