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

    var text: String { "\(time) \(round.name)" }
}
