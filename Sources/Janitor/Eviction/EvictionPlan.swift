import OCI

/// Which cached content goes next. Pure: it is told what came of each step, and says when the rest is within its limits.
///
/// First what is too old, then what is too much in one namespace, then what is too much in all.
struct EvictionPlan: Sendable {
    typealias Unit = EvictionOrder.Unit

    struct Bounds: Sendable {
        /// By namespace: what was last used before this goes, by seconds since 1970.
        var oldest: [Int64?]
        /// By namespace: bytes to come down to; nil where there are not too many.
        var spaces: [Int64?]
        /// Bytes to come down to; nil where there are not too many.
        var all: Int64?
    }

    private(set) var holdings: Holdings
    private let entries: [EvictionOrder.Entry]
    private let bounds: Bounds
    private var isTaken: [Bool]
    private var phase = 0
    private var position = 0

    /// - Parameter holdings: Settled.
    init(_ holdings: Holdings, grace: Int64, bounds: (Holdings) -> Bounds) {
        var holdings = holdings
        entries = EvictionOrder.entries(&holdings, grace: grace)
        self.bounds = bounds(holdings)
        self.holdings = holdings
        isTaken = Array(repeating: false, count: entries.count)
    }

    /// What goes next; nil if nothing must, or nothing more can. It is ``remove(_:)`` that makes it count.
    mutating func next() -> Unit? {
        while phase < 3 {
            while position < entries.count, isUnmet {
                defer { position += 1 }
                let entry = entries[position]
                guard !isTaken[position], isWanted(entry) else { continue }
                isTaken[position] = true
                return entry.unit
            }
            phase += 1
            position = 0
        }
        return nil
    }

    /// The unit is gone. What only it needed goes too: first the repository's links, then the bytes.
    mutating func remove(_ unit: Unit) -> Holdings.Consequences {
        switch unit {
        case .manifest(let index): holdings.removeManifest(index)
        case .grant(let key): holdings.removeGrant(key)
        }
    }

    /// Whether the phase may still have work to do.
    private var isUnmet: Bool {
        guard phase == 2 else { return true }
        return bounds.all.map { holdings.size > $0 } ?? false
    }

    private func isWanted(_ entry: EvictionOrder.Entry) -> Bool {
        switch phase {
        case 0: bounds.oldest[entry.space].map { entry.lastUse < $0 } ?? false
        case 1: bounds.spaces[entry.space].map { holdings.sizes[entry.space] > $0 } ?? false
        default: true
        }
    }
}
