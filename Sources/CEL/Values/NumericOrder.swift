/// Order of two values; `unordered` where one is NaN.
enum NumericOrder {
    case less, equal, greater, unordered

    /// Compares numbers of any two numeric types; nil when one value is not a number.
    ///
    /// An integer meets a double as a double, as the conformance suite demands (`2^63-1 == 2.0^63`), but only where the
    /// double lies within the integer type's range.
    static func compare(_ left: Value, _ right: Value) -> NumericOrder? {
        switch (left, right) {
        case (.int(let left), .int(let right)): order(left, right)
        case (.uint(let left), .uint(let right)): order(left, right)
        case (.double(let left), .double(let right)): order(left, right)
        case (.int(let left), .uint(let right)): left < 0 ? .less : order(UInt64(left), right)
        case (.uint(let left), .int(let right)): right < 0 ? .greater : order(left, UInt64(right))
        case (.int(let left), .double(let right)): order(Double(left), right)
        case (.double(let left), .int(let right)): order(left, Double(right))
        case (.uint(let left), .double(let right)): order(Double(left), right)
        case (.double(let left), .uint(let right)): order(left, Double(right))
        default: nil
        }
    }

    @inline(__always)
    static func order<Number: Comparable>(_ left: Number, _ right: Number) -> NumericOrder {
        if left < right { return .less }
        if left == right { return .equal }
        return left > right ? .greater : .unordered
    }
}

extension Value {
    /// Order of two values of one orderable type, or of two numbers; nil where CEL has no order.
    func order(_ other: Value) -> NumericOrder? {
        switch (self, other) {
        case (.string(let left), .string(let right)): left.byteOrder(right)
        case (.bool(let left), .bool(let right)): NumericOrder.order(left ? 1 : 0, right ? 1 : 0)
        case (.timestamp(let left), .timestamp(let right)): NumericOrder.order(left, right)
        case (.duration(let left), .duration(let right)):
            NumericOrder.order(left.nanoseconds, right.nanoseconds)
        case (.bytes(let left), .bytes(let right)):
            left == right ? .equal : left.lexicographicallyPrecedes(right) ? .less : .greater
        default: NumericOrder.compare(self, other)
        }
    }
}
