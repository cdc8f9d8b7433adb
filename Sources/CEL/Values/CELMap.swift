/// An immutable map from bools, integers and strings to values, in the order of its making.
///
/// Keys of different integer types are the same key when they are the same number.
public struct CELMap: Sendable {
    public struct Entry: Sendable {
        public let key: Value
        public let value: Value

        public init(key: Value, value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// Shared, so that a map is one word inside a value.
    private final class Storage: Sendable {
        let entries: [Entry]
        /// Only for maps that a scan would be slow for.
        let index: [MapKey: Int]

        init(entries: [Entry], index: [MapKey: Int]) {
            self.entries = entries
            self.index = index
        }
    }

    private let storage: Storage
    private static let scanLimit = 8
    public static let empty = CELMap(storage: Storage(entries: [], index: [:]))

    private init(storage: Storage) {
        self.storage = storage
    }

    /// - Throws: ``CELError`` when a key is of another type or appears twice.
    public init(_ entries: [Entry]) throws(CELError) {
        var index: [MapKey: Int] = [:]
        index.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() {
            if case .double = entry.key {
                throw CELError(.invalidArgument, "a map key is a bool, an integer or a string, not a double")
            }
            guard let key = MapKey(entry.key) else {
                let type = entry.key.runtimeType.name
                throw CELError(.invalidArgument, "a map key is a bool, an integer or a string, not \(type)")
            }
            guard index.updateValue(position, forKey: key) == nil else {
                throw CELError(.duplicateKey, "the map has the same key twice")
            }
        }
        storage = Storage(entries: entries, index: entries.count > Self.scanLimit ? index : [:])
    }

    /// A map with string keys, in no particular order.
    public init(_ fields: [String: Value]) {
        self.init(uniqueFields: fields.map { Entry(key: .string($0.key), value: $0.value) })
    }

    private init(uniqueFields entries: [Entry]) {
        var index: [MapKey: Int] = [:]
        if entries.count > Self.scanLimit {
            for (position, entry) in entries.enumerated() {
                if let key = MapKey(entry.key) { index[key] = position }
            }
        }
        storage = Storage(entries: entries, index: index)
    }

    public var entries: [Entry] { storage.entries }
    public var count: Int { storage.entries.count }
    public var isEmpty: Bool { storage.entries.isEmpty }

    public subscript(field: String) -> Value? {
        if !storage.index.isEmpty {
            return storage.index[.string(StringKey(field))].map { storage.entries[$0].value }
        }
        for entry in storage.entries {
            if case .string(let name) = entry.key, name.isIdentical(to: field) { return entry.value }
        }
        return nil
    }

    public subscript(key: Value) -> Value? {
        if case .string(let field) = key { return self[field] }
        guard let key = MapKey(key) else { return nil }
        if !storage.index.isEmpty {
            return storage.index[key].map { storage.entries[$0].value }
        }
        return storage.entries.first { MapKey($0.key) == key }?.value
    }
}

extension CELMap: Equatable {
    public static func == (left: CELMap, right: CELMap) -> Bool {
        left.count == right.count && left.entries.allSatisfy { right[$0.key] == $0.value }
    }
}
