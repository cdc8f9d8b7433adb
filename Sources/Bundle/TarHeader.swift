internal import NIOCore

/// The header of a file in a bundle: POSIX ustar, in which everything but name and size is always the same. So the same
/// content is always the same bytes, and a reader knows each bit that it has to find. A name that has no room in it, as that of a
/// content with a digest of SHA-512, goes before it in a record of PAX.
enum TarHeader {
    static let blockSize = 512
    /// What follows the last file: two empty blocks.
    static let end = ByteBuffer(repeating: 0, count: 2 * blockSize)

    private static let nameSize = 100
    private static let typeOffset = 156
    /// The type of what holds the records for the file after it.
    private static let extended = UInt8(ascii: "x")
    private static let pathKey = " path="

    static func make(_ name: String, size: Int64) -> ByteBuffer {
        guard name.utf8.count > nameSize else { return block(name.utf8, size) }
        let record = record(of: name)
        var header = block("PaxHeader".utf8, Int64(record.utf8.count), type: extended)
        header.writeString(record)
        header.writeRepeatingByte(0, count: padding(Int64(record.utf8.count)))
        header.writeImmutableBuffer(block(name.utf8.prefix(nameSize), size))
        return header
    }

    /// A line that says how many bytes it has, its own number among them.
    private static func record(of name: String) -> String {
        let rest = "\(pathKey)\(name)\n"
        var count = rest.utf8.count
        while count != String(count).utf8.count + rest.utf8.count { count = String(count).utf8.count + rest.utf8.count }
        return "\(count)\(rest)"
    }

    /// Whether a block announces a name that has no room in the header.
    static func isExtended(_ block: ByteBuffer) -> Bool {
        block.getInteger(at: block.readerIndex + typeOffset, as: UInt8.self) == extended
    }

    /// The name in the records' block; nil if there is none.
    static func name(inRecords block: ByteBuffer) -> String? {
        let record = block.readableBytesView.prefix { $0 != UInt8(ascii: "\n") }
        let text = String(decoding: record, as: UTF8.self)
        return text.firstRange(of: pathKey).map { String(text[$0.upperBound...]) }
    }

    private static func block(_ name: some Collection<UInt8>, _ size: Int64, type: UInt8 = UInt8(ascii: "0"))
        -> ByteBuffer
    {
        var block = [UInt8](repeating: 0, count: blockSize)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
        }
        for (index, byte) in name.enumerated() { block[index] = byte }
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
        // The sum is one of the header with spaces in its own place.
        put("        ", at: 148)
        block[typeOffset] = type
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
