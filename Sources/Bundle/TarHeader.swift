internal import NIOCore

/// The header of a file in a bundle: POSIX ustar, in which everything but name and size is always the same. So the same
/// content is always the same bytes, and a reader knows each bit that it has to find.
enum TarHeader {
    static let blockSize = 512
    /// What follows the last file: two empty blocks.
    static let end = ByteBuffer(repeating: 0, count: 2 * blockSize)

    /// - Parameter name: At most 100 bytes.
    static func make(_ name: String, size: Int64) -> ByteBuffer {
        precondition(name.utf8.count <= 100, "names in a bundle are short")
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        put(name, at: 0)
        put("0000644\0", at: 100)
        put("0000000\0", at: 108)
        put("0000000\0", at: 116)
        if size < 1 << 33 {
            put(octal(size, 11) + "\0", at: 124)
        } else {
            // As GNU tar, Go and libarchive write what has no room in octal digits.
            block[124] = 0x80
            for index in 0..<8 { block[135 - index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
        }
        put("00000000000\0", at: 136)
        put("        0", at: 148)
        put("ustar\u{0}00", at: 257)
        let sum = block.reduce(0) { $0 + Int64($1) }
        put(octal(sum, 6) + "\0 ", at: 148)
        return ByteBuffer(bytes: block)
    }

    /// How many zeros follow a file.
    static func padding(_ size: Int64) -> Int { Int((Int64(blockSize) - size % Int64(blockSize)) % Int64(blockSize)) }

    private static func octal(_ number: Int64, _ digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
