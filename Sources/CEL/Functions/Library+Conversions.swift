extension Library {
    private static let identity: FunctionOverload.Unary = { value, _ in value }

    static let conversions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "bool",
            [
                .global(.bool, .bool, identity),
                .global(.string, .bool) { (value, _) throws(CELError) in .bool(try NumberText.bool(try value.string)) },
            ]),
        FunctionDeclaration(
            "int",
            [
                .global(.int, .int, identity),
                .global(.uint, .int) { (value, _) throws(CELError) in
                    guard let int = Int64(exactly: try value.uint) else { throw CELError.overflow("the integer") }
                    return .int(int)
                },
                .global(.double, .int) { (value, _) throws(CELError) in
                    let number = try value.double
                    // Exclusive bounds: the greatest integer has no double of its own.
                    guard number > -0x1p63, number < 0x1p63 else { throw CELError.overflow("the integer") }
                    return .int(Int64(number))
                },
                .global(.string, .int) { (value, _) throws(CELError) in
                    .int(try NumberText.integer(try value.string, allowsSign: true))
                },
                .global(.timestamp, .int) { (value, _) throws(CELError) in .int(try value.timestamp.seconds) },
                .global(.duration, .int) { (value, _) throws(CELError) in .int(try value.duration.nanoseconds) },
            ]),
        FunctionDeclaration(
            "uint",
            [
                .global(.uint, .uint, identity),
                .global(.int, .uint) { (value, _) throws(CELError) in
                    guard let uint = UInt64(exactly: try value.int) else { throw CELError.overflow("the integer") }
                    return .uint(uint)
                },
                .global(.double, .uint) { (value, _) throws(CELError) in
                    let number = try value.double
                    guard number >= 0, number < 0x1p64 else { throw CELError.overflow("the integer") }
                    return .uint(UInt64(number))
                },
                .global(.string, .uint) { (value, _) throws(CELError) in
                    .uint(try NumberText.integer(try value.string, allowsSign: false))
                },
            ]),
        FunctionDeclaration(
            "double",
            [
                .global(.double, .double, identity),
                .global(.int, .double) { (value, _) throws(CELError) in .double(Double(try value.int)) },
                .global(.uint, .double) { (value, _) throws(CELError) in .double(Double(try value.uint)) },
                .global(.string, .double) { (value, _) throws(CELError) in
                    .double(try NumberText.double(try value.string))
                },
            ]),
        FunctionDeclaration("string", stringConversions),
        FunctionDeclaration(
            "bytes",
            [
                .global(.bytes, .bytes, identity),
                .global(.string, .bytes) { (value, context) throws(CELError) in
                    let text = try value.string
                    try context.charge(bytes: text.utf8.count)
                    return .bytes(Array(text.utf8))
                },
            ]),
        FunctionDeclaration(
            "timestamp",
            [
                .global(.timestamp, .timestamp, identity),
                .global(.int, .timestamp) { (value, _) throws(CELError) in
                    guard let timestamp = CELTimestamp(seconds: try value.int) else {
                        throw CELError.overflow("the timestamp")
                    }
                    return .timestamp(timestamp)
                },
                .global(.string, .timestamp) { (value, _) throws(CELError) in
                    guard let timestamp = CELTimestamp(rfc3339: try value.string) else {
                        throw CELError(.conversion, "not an RFC 3339 time between the years 1 and 9999")
                    }
                    return .timestamp(timestamp)
                },
            ]),
        FunctionDeclaration(
            "duration",
            [
                .global(.duration, .duration, identity),
                .global(.string, .duration) { (value, _) throws(CELError) in
                    guard let duration = CELDuration(try value.string) else {
                        throw CELError(.conversion, "not a duration such as 1h30m, or out of range")
                    }
                    return .duration(duration)
                },
            ]),
    ]

    private static let stringConversions: [FunctionOverload] = [
        .global(.string, .string, identity),
        .global(.bool, .string) { value, _ in .string(value == .bool(true) ? "true" : "false") },
        .global(.int, .string) { (value, _) throws(CELError) in .string(String(try value.int)) },
        .global(.uint, .string) { (value, _) throws(CELError) in .string(String(try value.uint)) },
        .global(.double, .string) { (value, _) throws(CELError) in .string(NumberText.general(try value.double)) },
        .global(.timestamp, .string) { (value, _) throws(CELError) in .string(try value.timestamp.rfc3339) },
        .global(.duration, .string) { (value, _) throws(CELError) in .string(try value.duration.text) },
        .global(.ip, .string) { (value, _) throws(CELError) in .string(try value.opaque(CELIPAddress.self).text) },
        .global(.cidr, .string) { (value, _) throws(CELError) in .string(try value.opaque(CIDRBlock.self).text) },
        .global(.bytes, .string) { (value, context) throws(CELError) in
            let bytes = try value.bytes
            try context.charge(bytes: bytes.count)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELError(.conversion, "the bytes are not UTF-8")
            }
            return .string(text)
        },
    ]
}
