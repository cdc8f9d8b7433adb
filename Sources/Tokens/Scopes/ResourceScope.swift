/// Actions on one resource: `repository:library/debian:pull,push`, and an entry of a token's `access`.
public struct ResourceScope: Hashable, Sendable {
    /// `repository`, `registry`, or what other registries invent.
    public let type: String
    public let name: String
    /// Each once, in the order of the request.
    public let actions: [ScopeAction]

    public init(type: String, name: String, actions: [ScopeAction]) {
        self.type = type
        self.name = name
        self.actions = actions
    }
}

extension ResourceScope: CustomStringConvertible {
    public var description: String {
        "\(type):\(name):\(actions.map(\.text).joined(separator: ","))"
    }
}

extension ResourceScope: Codable {
    private enum CodingKeys: CodingKey {
        case type, name, actions
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.decode(String.self, forKey: .type)
        name = try container.decode(String.self, forKey: .name)
        // Actions that are none of ours grant nothing here.
        actions = try container.decode([String].self, forKey: .actions).compactMap { ScopeAction($0) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(name, forKey: .name)
        try container.encode(actions.map(\.text), forKey: .actions)
    }
}
