import CEL

extension CELType {
    /// Reads the protobuf JSON form of `cel.expr.Type`.
    init(vector json: JSON) throws {
        guard let (kind, payload) = json.object.first else {
            self = .dyn
            return
        }
        switch kind {
        case "primitive": self = try Self.primitive(payload)
        case "wrapper": self = .nullable(try Self.primitive(payload))
        case "null": self = .null
        case "list_type": self = .list(try CELType(vector: payload["elem_type"] ?? .null))
        case "map_type":
            self = .map(
                try CELType(vector: payload["key_type"] ?? .null), try CELType(vector: payload["value_type"] ?? .null))
        case "well_known":
            switch payload.string {
            case "TIMESTAMP": self = .timestamp
            case "DURATION": self = .duration
            default: self = .dyn
            }
        case "message_type": self = Self.named(payload.string ?? "")
        case "abstract_type":
            let parameters = try (payload["parameter_types"]?.array ?? []).map { try CELType(vector: $0) }
            let name = payload["name"]?.string ?? ""
            self = name == "optional_type" ? .optional(parameters.first ?? .dyn) : .opaque(name)
        case "type": self = .type
        case "type_param": self = .parameter(payload.string ?? "")
        default: self = .dyn
        }
    }

    private static func named(_ name: String) -> CELType {
        switch name {
        case RuntimeType.timestamp.name: .timestamp
        case RuntimeType.duration.name: .duration
        default: .opaque(name)
        }
    }

    private static func primitive(_ json: JSON) throws -> CELType {
        switch json.string {
        case "BOOL": .bool
        case "INT64": .int
        case "UINT64": .uint
        case "DOUBLE": .double
        case "STRING": .string
        case "BYTES": .bytes
        default: throw VectorError(description: "an unknown primitive type")
        }
    }
}

/// The declarations of a vector's `type_env`, in the protobuf JSON form of `cel.expr.Decl`.
struct VectorDeclarations {
    private(set) var variables: [VariableDeclaration] = []
    private(set) var functions: [FunctionDeclaration] = []

    init(_ declarations: [JSON]) throws {
        for declaration in declarations {
            let name = declaration["name"]?.string ?? ""
            if let function = declaration["function"] {
                let overloads = try (function["overloads"]?.array ?? []).map { overload in
                    FunctionOverload(
                        declaring: try (overload["params"]?.array ?? []).map { try CELType(vector: $0) },
                        returning: try CELType(vector: overload["result_type"] ?? .null),
                        isMember: overload["is_instance_function"]?.bool ?? false)
                }
                functions.append(FunctionDeclaration(name, overloads))
            } else {
                let type = try CELType(vector: declaration["ident"]?["type"] ?? .null)
                variables.append(VariableDeclaration(name, type))
            }
        }
    }
}
