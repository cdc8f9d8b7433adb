/// One entry of a vector file: an expression and what becomes of it.
public struct Vector: Decodable, Sendable {
    let section: String
    let name: String
    let expression: String
    let isChecked: Bool
    /// Only the type is looked at.
    let isCheckOnly: Bool
    let container: String
    let declarations: [JSON]
    let bindings: [String: JSON]
    let expected: Expectation

    enum Expectation: Sendable {
        case value(JSON)
        case error
        case type(JSON, value: JSON?)
    }

    public var title: String { section + "/" + name }

    public init(from decoder: any Decoder) throws {
        let json = try JSON(from: decoder)
        guard let expression = json["expr"]?.string else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "the vector has no 'expr'"))
        }
        self.expression = expression
        section = json["section"]?.string ?? ""
        name = json["name"]?.string ?? ""
        isChecked = !(json["disable_check"]?.bool ?? false)
        isCheckOnly = json["check_only"]?.bool ?? false
        container = json["container"]?.string ?? ""
        declarations = json["type_env"]?.array ?? []
        bindings = json["bindings"]?.object ?? [:]
        if json["eval_error"] != nil || json["any_eval_errors"] != nil {
            expected = .error
        } else if let typed = json["typed_result"], let type = typed["deduced_type"] {
            expected = .type(type, value: typed["result"])
        } else {
            expected = .value(json["value"] ?? .object(["bool_value": .bool(true)]))
        }
    }
}
