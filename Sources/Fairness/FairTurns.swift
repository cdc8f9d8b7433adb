/// Things that wait, in the order in which it is the turn of those they belong to: one of each party in turn, so that who
/// has many waiting holds up only itself.
public struct FairTurns<Party: Hashable & Sendable, Item: Sendable>: Sendable {
    private var waiting: [Party: [Item]] = [:]
    /// Whose turn is next; each party that has something waiting once.
    private var order: [Party] = []
    public private(set) var count = 0

    public init() {}

    public func count(of party: Party) -> Int { waiting[party]?.count ?? 0 }

    public mutating func append(_ item: Item, for party: Party) {
        if waiting[party] == nil { order.append(party) }
        waiting[party, default: []].append(item)
        count += 1
    }

    public mutating func removeFirst() -> Item? {
        guard !order.isEmpty else { return nil }
        let party = order.removeFirst()
        let item = waiting[party]?.removeFirst()
        if waiting[party]?.isEmpty == true {
            waiting[party] = nil
        } else {
            order.append(party)
        }
        count -= 1
        return item
    }

    /// Takes the last one of whoever has the most, if that is more than `number`.
    public mutating func removeLast(ofWhoHasMoreThan number: Int) -> Item? {
        guard let (party, items) = waiting.max(by: { $0.value.count < $1.value.count }), items.count > number else {
            return nil
        }
        let item = waiting[party]?.removeLast()
        count -= 1
        if waiting[party]?.isEmpty == true {
            waiting[party] = nil
            order.removeAll { $0 == party }
        }
        return item
    }

    /// Takes out one of a party's items.
    public mutating func remove(of party: Party, where isMeant: (Item) -> Bool) -> Item? {
        guard let index = waiting[party]?.firstIndex(where: isMeant) else { return nil }
        let item = waiting[party]?.remove(at: index)
        count -= 1
        if waiting[party]?.isEmpty == true {
            waiting[party] = nil
            order.removeAll { $0 == party }
        }
        return item
    }
}
