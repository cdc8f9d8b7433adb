/// A mark that says that something is to be removed. No two that were made by different rounds are the same.
public struct Condemnation: Hashable, Sendable {
    /// By which it is judged, in seconds since 1970.
    public let time: Int64
    private let round: CollectionRound

    init(at time: Int64, by round: CollectionRound) {
        self.time = time
        self.round = round
    }

    /// - Parameter modified: When it was written, in seconds since 1970: by that one is judged which a power loss left empty.
    init(_ text: String, modified: Int64) {
        let words = text.split(separator: " ")
        time = words.first.flatMap { Int64($0) } ?? modified
        round = words.count == 2 ? CollectionRound(words[1]) : .unknown
    }

    /// Whether what was marked at `time` has been left alone for long enough to go. A mark of the future comes from a clock
    /// that was wrong.
    ///
    /// - Parameters:
    ///   - grace: Seconds.
    ///   - now: Seconds since 1970, as `time` is.
    public static func isRipe(_ time: Int64, grace: Int64, now: Int64) -> Bool {
        now - time >= grace || time > now + grace
    }

    var text: String { "\(time) \(round.name)" }
}
