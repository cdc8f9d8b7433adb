/// The type of a value while it is evaluated; parameters of lists and maps are erased.
public struct RuntimeType: Sendable, Hashable {
    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    public static let null = RuntimeType("null_type")
    public static let bool = RuntimeType("bool")
    public static let int = RuntimeType("int")
    public static let uint = RuntimeType("uint")
    public static let double = RuntimeType("double")
    public static let string = RuntimeType("string")
    public static let bytes = RuntimeType("bytes")
    public static let list = RuntimeType("list")
    public static let map = RuntimeType("map")
    public static let timestamp = RuntimeType("google.protobuf.Timestamp")
    public static let duration = RuntimeType("google.protobuf.Duration")
    public static let type = RuntimeType("type")
    public static let optional = RuntimeType("optional_type")
}
