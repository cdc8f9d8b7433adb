extension Library {
    static let bits: [FunctionDeclaration] = [
        combining("math.bitAnd", { $0 & $1 }),
        combining("math.bitOr", { $0 | $1 }),
        combining("math.bitXor", { $0 ^ $1 }),
        FunctionDeclaration(
            "math.bitNot",
            [
                .global(.int, .int) { (value, _) throws(CELError) in .int(~(try value.int)) },
                .global(.uint, .uint) { (value, _) throws(CELError) in .uint(~(try value.uint)) },
            ]),
        shifting("math.bitShiftLeft", { $0 << $1 }),
        // The sign bit is not extended: vacant bits are zero.
        shifting("math.bitShiftRight", { $0 >> $1 }),
    ]

    private static func combining(
        _ name: String, _ body: @escaping @Sendable (UInt64, UInt64) -> UInt64
    ) -> FunctionDeclaration {
        FunctionDeclaration(
            name,
            [
                .global(.int, .int, .int) { (left, right, _) throws(CELError) in
                    .int(Int64(bitPattern: body(UInt64(bitPattern: try left.int), UInt64(bitPattern: try right.int))))
                },
                .global(.uint, .uint, .uint) { (left, right, _) throws(CELError) in
                    .uint(body(try left.uint, try right.uint))
                },
            ])
    }

    /// Shifting by the width or more gives zero.
    private static func shifting(
        _ name: String, _ body: @escaping @Sendable (UInt64, Int64) -> UInt64
    ) -> FunctionDeclaration {
        let checked: @Sendable (UInt64, Int64) throws(CELError) -> UInt64 = { (bits, count) throws(CELError) in
            guard count >= 0 else { throw CELError(.invalidArgument, "\(name) by a negative number of bits") }
            return body(bits, min(count, 64))
        }
        return FunctionDeclaration(
            name,
            [
                .global(.int, .int, .int) { (value, count, _) throws(CELError) in
                    .int(Int64(bitPattern: try checked(UInt64(bitPattern: try value.int), try count.int)))
                },
                .global(.uint, .int, .uint) { (value, count, _) throws(CELError) in
                    .uint(try checked(try value.uint, try count.int))
                },
            ])
    }
}
