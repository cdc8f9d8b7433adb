/// Puts text of a response head one after the other into memory that is large enough: a byte buffer would ask itself with
/// each piece whether it is, and whether somebody else holds it.
struct HeadWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ text: String) { text.withBytes { write($0) } }

    /// A value may come from a client or an upstream: bytes that could end the line become blanks. With its CRLF.
    mutating func writeValue(_ text: String) {
        let start = count
        write(text)
        let value = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<count])
        // Looked for without a branch, as nearly no value has any.
        var controls: UInt8 = 0
        for byte in value { controls |= byte < 0x20 ? 1 : 0 }
        if controls != 0 {
            for index in value.indices where value[index] < 0x20 && value[index] != 0x09 { value[index] = 0x20 }
        }
        write("\r\n")
    }

    /// A field's name, its colon and a blank.
    /// - Returns: False where it is no token (RFC 9110 section 5.6.2), and nothing is written.
    mutating func writeName(_ text: String) -> Bool {
        text.withBytes { name in
            guard !name.isEmpty, name.allSatisfy(ByteSet.token.contains) else { return false }
            write(name)
            write(": ")
            return true
        }
    }

    mutating func write(number: Int64) {
        guard number >= 10 else { return write(byte: UInt8(ascii: "0") + UInt8(number)) }
        write(number: number / 10)
        write(byte: UInt8(ascii: "0") + UInt8(number % 10))
    }

    private mutating func write(_ text: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: text)
        count += text.count
    }

    private mutating func write(byte: UInt8) {
        bytes[count] = byte
        count += 1
    }
}

extension String {
    fileprivate func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var text = self
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
