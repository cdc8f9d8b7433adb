/// The type of an expression while it is checked.
public indirect enum CELType: Sendable, Hashable {
    /// Any type: what the checker leaves to evaluation.
    case dyn
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case list(CELType)
    case map(CELType, CELType)
    case optional(CELType)
    /// The type of a type.
    case type
    /// The type or null.
    case nullable(CELType)
    case opaque(String)
    /// A type parameter of a function overload.
    case parameter(String)

    public static let ip = CELType.opaque(CELIPAddress.runtimeType.name)
    public static let cidr = CELType.opaque(CIDRBlock.runtimeType.name)
}

extension CELType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: RuntimeType.timestamp.name
        case .duration: RuntimeType.duration.name
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .optional(let value): "optional(\(value))"
        case .type: "type"
        case .nullable(let value): "nullable(\(value))"
        case .opaque(let name): name
        case .parameter(let name): name
        }
    }
}
