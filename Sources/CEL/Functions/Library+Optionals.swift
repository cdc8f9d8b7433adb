/// Optional values; `optMap` and `optFlatMap` are macros.
extension Library {
    private static let optional = CELType.optional(element)

    static let optionals: [FunctionDeclaration] = [
        FunctionDeclaration("optional.of", [.global(element, optional) { value, _ in .optional(value) }]),
        FunctionDeclaration(
            "optional.ofNonZeroValue",
            [.global(element, optional) { value, _ in .optional(value.isZero ? nil : value) }]),
        FunctionDeclaration("optional.none", [.global([], optional) { _, _ in .optional(nil) }]),
        FunctionDeclaration(
            "hasValue",
            [.member(optional, .bool) { (value, _) throws(CELError) in .bool(try value.optional != nil) }]),
        FunctionDeclaration(
            "value",
            [
                .member(optional, element) { (value, _) throws(CELError) in
                    guard let inner = try value.optional else {
                        throw CELError(.emptyOptional, "the optional has no value")
                    }
                    return inner
                }
            ]),
        // The planner sees to it that an argument which is not needed is not computed.
        FunctionDeclaration(
            "or",
            [
                .member(optional, optional, optional) { (value, other, _) throws(CELError) in
                    try value.optional == nil ? other : value
                }
            ]),
        FunctionDeclaration(
            "orValue",
            [
                .member(optional, element, element) { (value, other, _) throws(CELError) in
                    try value.optional ?? other
                }
            ]),
        FunctionDeclaration("optional.unwrap", [.global(.list(optional), listOfElements, unwrap)]),
        FunctionDeclaration("unwrapOpt", [.member(.list(optional), listOfElements, unwrap)]),
    ]

    private static let unwrap: FunctionOverload.Unary = { (list, context) throws(CELError) in
        var values: [Value] = []
        for element in try list.list {
            try context.charge(1)
            if let value = try element.optional { values.append(value) }
        }
        return .list(values)
    }
}
