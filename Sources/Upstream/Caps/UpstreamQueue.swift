import OCI

/// Who waits for a share of an upstream, and who goes next: the most urgent first, and among these the repository that was
/// served longest ago.
struct UpstreamQueue {
    private static let mostRemembered = 1024

    private var entries: [(id: Int, errand: UpstreamErrand)] = []
    /// In which turn a repository was served last.
    private var served: [RepositoryName: UInt64] = [:]
    private var turn: UInt64 = 0

    var count: Int { entries.count }

    func contains(_ id: Int) -> Bool { entries.contains { $0.id == id } }

    /// How many clients wait for.
    var urgent: Int { entries.count { $0.errand.urgency.rank < .background } }

    mutating func append(_ id: Int, _ errand: UpstreamErrand) { entries.append((id, errand)) }

    mutating func remove(_ id: Int) { entries.removeAll { $0.id == id } }

    /// Takes out who is next among those whose rank may be served now.
    mutating func next(where isServed: (Urgency.Rank) -> Bool = { _ in true }) -> (id: Int, rank: Urgency.Rank)? {
        var best: (rank: Urgency.Rank, turn: UInt64, index: Int)?
        for (index, entry) in entries.enumerated() {
            let rank = entry.errand.urgency.rank
            guard isServed(rank) else { continue }
            let turn = served[entry.errand.repository] ?? 0
            if let best, (best.rank, best.turn) <= (rank, turn) { continue }
            best = (rank, turn, index)
        }
        guard let best else { return nil }
        let (id, errand) = entries.remove(at: best.index)
        note(errand.repository)
        return (id, best.rank)
    }

    /// The repository has just been served without waiting.
    mutating func note(_ repository: RepositoryName) {
        turn += 1
        if served.count >= Self.mostRemembered { served = [:] }
        served[repository] = turn
    }
}
