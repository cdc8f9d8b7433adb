/// The scope grammar of the Docker token protocol, read as a total function: whatever a client sends gives a list, and
/// what cannot be understood asks for nothing.
///
/// `scope := resource (' ' resource)*`, `resource := type['(' class ')'] ':' name ':' action (',' action)*`.
public enum ScopeParser {
    /// More entries than this are not looked at.
    public static let maximumEntries = 64
    /// Nor more than these of who shows no credentials.
    public static let maximumAnonymousEntries = 8
    /// Bytes of one entry, and of its name.
    public static let maximumEntryLength = 512
    public static let maximumNameLength = 256
    static let maximumActions = 16

    /// - Parameter texts: The values of all `scope` parameters; each may hold several entries.
    /// - Returns: One entry for each resource, in the order in which they first appear; malformed ones are left out.
    public static func parse(_ texts: some Sequence<String>) -> [ResourceScope] {
        var order: [Resource] = []
        var actions: [Resource: [ScopeAction]] = [:]
        let entries = texts.lazy.flatMap { $0.split(separator: " ", maxSplits: maximumEntries) }
        for entry in entries.prefix(maximumEntries) {
            guard let (resource, wanted) = parse(entry) else { continue }
            if actions[resource] == nil { order.append(resource) }
            for action in wanted where actions[resource]?.contains(action) != true {
                actions[resource, default: []].append(action)
            }
        }
        return order.compactMap { resource in
            guard let wanted = actions[resource] else { return nil }
            return ResourceScope(type: resource.type, name: resource.name, actions: wanted)
        }
    }

    private struct Resource: Hashable {
        let type: String
        let name: String
    }

    /// Nil for an entry that asks for nothing.
    private static func parse(_ entry: Substring) -> (Resource, [ScopeAction])? {
        guard entry.utf8.count <= maximumEntryLength,
            // A name may hold a colon itself, as in `host:port/name`: what counts are the first and the last.
            let first = entry.firstIndex(of: ":"), let last = entry.lastIndex(of: ":"), first < last,
            let type = type(entry[..<first]), let name = name(entry[entry.index(after: first)..<last])
        else { return nil }
        let actions = entry[entry.index(after: last)...].split(separator: ",").prefix(maximumActions)
            .compactMap { ScopeAction($0) }
        return actions.isEmpty ? nil : (Resource(type: type, name: name), actions)
    }

    /// Without its class, `repository(plugin)`, which is deprecated and means nothing.
    private static func type(_ text: Substring) -> String? {
        var type = text
        if text.last == ")" {
            guard let open = text.firstIndex(of: "("),
                isWord(text[text.index(after: open)..<text.index(before: text.endIndex)])
            else { return nil }
            type = text[..<open]
        }
        return isWord(type) ? String(type) : nil
    }

    private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }

    private static func name(_ text: Substring) -> String? {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= maximumNameLength,
            bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            bytes.count(where: { $0 == UInt8(ascii: ":") }) <= 1
        else { return nil }
        return String(text)
    }
}
