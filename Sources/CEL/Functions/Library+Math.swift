#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The math extension.
extension Library {
    static let math: [FunctionDeclaration] =
        [
            extremum("math.@max") { $0 == .greater },
            extremum("math.@min") { $0 == .less },
            rounding("math.ceil") { $0.rounded(.up) },
            rounding("math.floor") { $0.rounded(.down) },
            rounding("math.round") { $0.rounded(.toNearestOrAwayFromZero) },
            rounding("math.trunc") { $0.rounded(.towardZero) },
            test("math.isNaN") { $0.isNaN },
            test("math.isInf") { $0.isInfinite },
            test("math.isFinite") { $0.isFinite },
            FunctionDeclaration(
                "math.abs",
                [
                    .global(.double, .double) { (value, _) throws(CELError) in .double(try value.double.magnitude) },
                    .global(.uint, .uint) { value, _ in value },
                    .global(.int, .int) { (value, _) throws(CELError) in
                        guard let magnitude = Int64(exactly: try value.int.magnitude) else {
                            throw CELError.overflow("the absolute value")
                        }
                        return .int(magnitude)
                    },
                ]),
            FunctionDeclaration(
                "math.sign",
                [
                    .global(.double, .double) { (value, _) throws(CELError) in
                        let number = try value.double
                        return .double(number.isNaN ? number : number > 0 ? 1 : number < 0 ? -1 : 0)
                    },
                    .global(.uint, .uint) { (value, _) throws(CELError) in .uint(min(try value.uint, 1)) },
                    .global(.int, .int) { (value, _) throws(CELError) in .int(try value.int.signum()) },
                ]),
            FunctionDeclaration(
                "math.sqrt",
                [
                    .global(.double, .double) { (value, _) throws(CELError) in .double(try value.double.squareRoot()) },
                    .global(.uint, .double) { (value, _) throws(CELError) in
                        .double(Double(try value.uint).squareRoot())
                    },
                    .global(.int, .double) { (value, _) throws(CELError) in .double(Double(try value.int).squareRoot())
                    },
                ]),
        ] + bits

    private static let numbers: [CELType] = [.int, .uint, .double]

    /// Any number of numbers, of any types: the result keeps the type of the one that wins, the first where two are equal.
    private static func extremum(
        _ name: String, _ wins: @escaping @Sendable (NumericOrder) -> Bool
    ) -> FunctionDeclaration {
        let pick: @Sendable (Value, Value) throws(CELError) -> Value = { (best, candidate) throws(CELError) in
            guard let order = NumericOrder.compare(candidate, best) else {
                throw CELError.noMatchingOverload(name, best, candidate)
            }
            return wins(order) ? candidate : best
        }
        var overloads = numbers.map { FunctionOverload.global($0, $0) { value, _ in value } }
        for first in numbers {
            for second in numbers {
                overloads.append(
                    .global(first, second, first == second ? first : .dyn) { (left, right, _) throws(CELError) in
                        try pick(left, right)
                    })
            }
        }
        for element in numbers {
            overloads.append(
                .global(.list(element), element) { (list, context) throws(CELError) in
                    let elements = try list.list
                    try context.charge(elements.count)
                    guard var best = elements.first else {
                        throw CELError(.invalidArgument, "\(name) of an empty list")
                    }
                    for element in elements { best = try pick(best, element) }
                    return best
                })
        }
        return FunctionDeclaration(name, overloads)
    }

    private static func rounding(
        _ name: String, _ body: @escaping @Sendable (Double) -> Double
    ) -> FunctionDeclaration {
        FunctionDeclaration(
            name, [.global(.double, .double) { (value, _) throws(CELError) in .double(body(try value.double)) }])
    }

    private static func test(_ name: String, _ body: @escaping @Sendable (Double) -> Bool) -> FunctionDeclaration {
        FunctionDeclaration(
            name, [.global(.double, .bool) { (value, _) throws(CELError) in .bool(body(try value.double)) }])
    }
}
