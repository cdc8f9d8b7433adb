/// A value of a configuration file with where it stands: what TOML's parser leaves behind.
public struct SettingNode: Sendable, Equatable {
    var content: Content
    var origin: Origin

    indirect enum Content: Sendable, Equatable {
        case table([String: SettingNode])
        case array([SettingNode])
        case string(String)
        case integer(Int)
        case number(Double)
        case boolean(Bool)
        case dateOrTime
    }

    struct Origin: Sendable, Equatable {
        let file: String
        let line: Int?
    }

    public var table: [String: SettingNode]? {
        if case .table(let entries) = content { entries } else { nil }
    }

    public var array: [SettingNode]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    public var string: String? {
        if case .string(let text) = content { text } else { nil }
    }

    public var boolean: Bool? {
        if case .boolean(let value) = content { value } else { nil }
    }

    /// From 1; of a table that of its header.
    public var line: Int? { origin.line }

    /// For "expected ..., found ...".
    var kind: String {
        switch content {
        case .table: "a table"
        case .array: "an array"
        case .string: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "a boolean"
        case .dateOrTime: "a date or time"
        }
    }

    /// This overlaid with a later file: tables merge key by key, everything else is replaced.
    func merging(_ later: SettingNode) -> SettingNode {
        guard case .table(let mine) = content, case .table(let theirs) = later.content else { return later }
        let merged = mine.merging(theirs) { $0.merging($1) }
        return SettingNode(content: .table(merged), origin: later.origin)
    }
}
