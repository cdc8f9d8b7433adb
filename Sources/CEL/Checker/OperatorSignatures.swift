/// What the operators take, for the checker; evaluation has a node for each.
enum OperatorSignatures {
    static let overloads: [String: [FunctionOverload]] = {
        let anything = CELType.parameter("A")
        let list = CELType.list(anything)
        var table: [String: [FunctionOverload]] = [
            UnaryOperator.not.rawValue: [signature([.bool], .bool)],
            UnaryOperator.negate.rawValue: same([.int, .double], count: 1),
            BinaryOperator.add.rawValue: same([.int, .uint, .double, .string, .bytes, list]) + [
                signature([.timestamp, .duration], .timestamp), signature([.duration, .timestamp], .timestamp),
                signature([.duration, .duration], .duration),
            ],
            BinaryOperator.subtract.rawValue: same([.int, .uint, .double]) + [
                signature([.timestamp, .timestamp], .duration), signature([.timestamp, .duration], .timestamp),
                signature([.duration, .duration], .duration),
            ],
            BinaryOperator.multiply.rawValue: same([.int, .uint, .double]),
            BinaryOperator.divide.rawValue: same([.int, .uint, .double]),
            BinaryOperator.remainder.rawValue: same([.int, .uint]),
            BinaryOperator.in.rawValue: [
                signature([anything, list], .bool),
                signature([anything, .map(anything, .parameter("B"))], .bool),
            ],
        ]
        for equality in [BinaryOperator.equal, .notEqual] {
            table[equality.rawValue] = [signature([anything, anything], .bool)]
        }
        let ordered: [CELType] = [.int, .uint, .double, .string, .bytes, .bool, .timestamp, .duration]
        for order in [BinaryOperator.less, .lessOrEqual, .greater, .greaterOrEqual] {
            table[order.rawValue] = ordered.map { signature([$0, $0], .bool) }
        }
        return table
    }()

    private static func signature(_ parameters: [CELType], _ result: CELType) -> FunctionOverload {
        FunctionOverload(declaring: parameters, returning: result)
    }

    private static func same(_ types: [CELType], count: Int = 2) -> [FunctionOverload] {
        types.map { signature(Array(repeating: $0, count: count), $0) }
    }
}
