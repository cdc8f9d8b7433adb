/// A mark that says that something is to be removed. No two that were made by different rounds are the same.
public struct Condemnation: Hashable, Sendable {
    /// By which it is judged, in seconds since 1970.
    public let time: Int64
    /// As it says itself.
    private let stated: Int64
    private let round: CollectionRound

    init(at time: Int64, by round: CollectionRound) {
        self.time = time
        stated = time
        self.round = round
    }

    /// - Parameter modified: When it was written, in seconds since 1970: by that one is judged which a power loss left empty, and
    ///   one that says that it was made later, by a clock that was wrong.
    init(_ text: String, modified: Int64) {
        let words = text.split(separator: " ")
        stated = words.first.flatMap { Int64($0) } ?? modified
        time = stated > modified + Self.tolerance ? modified : stated
        round = words.count == 2 ? CollectionRound(words[1]) : .unknown
    }

    /// Seconds by which the clocks of who writes and of the store may differ.
    private static let tolerance: Int64 = 60

    // A move by copy dates a mark anew; it stays the same.
    public static func == (one: Self, other: Self) -> Bool { one.stated == other.stated && one.round == other.round }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(stated)
        hasher.combine(round)
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
