/// Everything an environment knows before its host adds to it.
enum Library {
    static let all: [FunctionDeclaration] =
        core + conversions + strings + stringExtension + time + math + lists + sets + encoders + optionals + network
        + regularExpressions

    static let types: [RuntimeType] = [
        .null, .bool, .int, .uint, .double, .string, .bytes, .list, .map, .timestamp, .duration, .type, .optional,
        CELIPAddress.runtimeType, CIDRBlock.runtimeType,
    ]

    static let element = CELType.parameter("T")
    static let listOfElements = CELType.list(element)

    private static let core: [FunctionDeclaration] = [
        FunctionDeclaration("size", sizes(FunctionOverload.global) + sizes(FunctionOverload.member)),
        FunctionDeclaration("type", [.global(element, .type) { value, _ in .type(value.runtimeType) }]),
        FunctionDeclaration("dyn", [.global(element, .dyn) { value, _ in value }]),
    ]

    private static func sizes(
        _ overload: (CELType, CELType, @escaping FunctionOverload.Unary) -> FunctionOverload
    ) -> [FunctionOverload] {
        [
            overload(.string, .int) { (value, context) throws(CELError) in
                let text = try value.string
                try context.charge(bytes: text.utf8.count)
                return .int(Int64(text.unicodeScalars.count))
            },
            overload(.bytes, .int) { (value, _) throws(CELError) in .int(Int64(try value.bytes.count)) },
            overload(listOfElements, .int) { (value, _) throws(CELError) in .int(Int64(try value.list.count)) },
            overload(.map(element, .parameter("V")), .int) { (value, _) throws(CELError) in
                .int(Int64(try value.map.count))
            },
        ]
    }
}

extension FunctionDeclaration {
    /// `list.contains(x)`, which CEL spells `x in list`: for hosts whose users know it from elsewhere.
    public static let listContains = FunctionDeclaration(
        "contains",
        [
            .member(Library.listOfElements, Library.element, .bool) { (list, element, context) throws(CELError) in
                .bool(try list.list.containsValue(element, context))
            }
        ])
}
