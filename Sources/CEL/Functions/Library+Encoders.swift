import TextEncodings

/// The encoders extension.
extension Library {
    static let encoders: [FunctionDeclaration] = [
        FunctionDeclaration(
            "base64.encode",
            [
                .global(.bytes, .string) { (value, context) throws(CELError) in
                    let bytes = try value.bytes
                    try context.charge(bytes: bytes.count * 2)
                    return .string(Base64.standard.encode(bytes))
                }
            ]),
        FunctionDeclaration(
            "base64.decode",
            [
                .global(.string, .bytes) { (value, context) throws(CELError) in
                    let text = try value.string
                    try context.charge(bytes: text.utf8.count)
                    guard let bytes = Base64.lenient.decode(text.utf8) else {
                        throw CELError(.conversion, "not base64")
                    }
                    return .bytes(bytes)
                }
            ]),
    ]
}
