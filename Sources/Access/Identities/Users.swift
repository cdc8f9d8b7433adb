/// All who have a password.
public struct Users: Sendable {
    private let byName: [Username: User]
    private let byID: [IdentityID: User]
    /// In a fixed order.
    private let all: [User]

    /// - Parameter users: With different names; of several of one name the first counts.
    public init(_ users: [User] = []) {
        all = users
        byName = Dictionary(users.map { ($0.username, $0) }, uniquingKeysWith: { first, _ in first })
        byID = Dictionary(users.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public var isEmpty: Bool { all.isEmpty }

    public subscript(username: Username) -> User? { byName[username] }

    public subscript(id: IdentityID) -> User? { byID[id] }

    /// Somebody whose password is hashed in place of that of a name nobody has: so such a name takes as long as one that
    /// somebody has, always the same time, and cannot be told from it.
    ///
    /// - Parameter seed: Follows from the name in a way that nobody can foresee.
    func standIn(_ seed: UInt64) -> User? {
        all.isEmpty ? nil : all[Int(seed % UInt64(all.count))]
    }
}
