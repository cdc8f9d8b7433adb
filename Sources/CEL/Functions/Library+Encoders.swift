/// The encoders extension.
extension Library {
    static let encoders: [FunctionDeclaration] = [
        FunctionDeclaration(
            "base64.encode",
            [
                .global(.bytes, .string) { (value, context) throws(CELError) in
                    let bytes = try value.bytes
                    try context.charge(bytes: bytes.count * 2)
                    return .string(Base64.encode(bytes))
                }
            ]),
        FunctionDeclaration(
            "base64.decode",
            [
                .global(.string, .bytes) { (value, context) throws(CELError) in
                    let text = try value.string
                    try context.charge(bytes: text.utf8.count)
                    guard let bytes = Base64.decode(text) else { throw CELError(.conversion, "not base64") }
                    return .bytes(bytes)
                }
            ]),
    ]
}

/// RFC 4648, section 4; padding may be left out when decoding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < group.count ? UInt32(group[start + offset]) : 0) }
            for position in 0..<4 {
                let index = Int(bits >> UInt32(18 - position * 6)) & 0x3F
                output.append(position <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var characters = Array(text.utf8)[...]
        if characters.count.isMultiple(of: 4) {
            for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters = characters.dropLast() }
        }
        guard characters.count % 4 != 1 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(characters.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for character in characters {
            let value = values[Int(character)]
            guard value != 0xFF else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return output
    }
}
