#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Swift compares strings by canonical equivalence; CEL compares code points, which UTF-8 orders like bytes.
extension String {
    /// Calls `body` with the UTF-8 of both strings.
    @inline(__always)
    private func withBytes<Result>(
        and other: String, _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        var left = self
        var right = other
        return left.withUTF8 { left in right.withUTF8 { right in body(left, right) } }
    }

    /// The sign of the difference of the first `count` bytes.
    @inline(__always)
    private static func compare(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, _ count: Int
    ) -> Int32 {
        guard count > 0, let left = left.baseAddress, let right = right.baseAddress else { return 0 }
        return memcmp(left, right, count)
    }

    func isIdentical(to other: String) -> Bool {
        utf8.count == other.utf8.count
            && withBytes(and: other) { left, right in
                Self.compare(left, right, left.count) == 0
            }
    }

    func byteOrder(_ other: String) -> NumericOrder {
        withBytes(and: other) { left, right in
            let common = min(left.count, right.count)
            let difference = Self.compare(left, right, common)
            return NumericOrder.order(difference == 0 ? left.count - right.count : Int(difference), 0)
        }
    }

    func startsWith(_ prefix: String) -> Bool {
        prefix.utf8.count <= utf8.count
            && withBytes(and: prefix) { text, prefix in
                Self.compare(text, prefix, prefix.count) == 0
            }
    }

    func endsWith(_ suffix: String) -> Bool {
        suffix.utf8.count <= utf8.count
            && withBytes(and: suffix) { text, suffix in
                Self.compare(UnsafeBufferPointer(rebasing: text.suffix(suffix.count)), suffix, suffix.count) == 0
            }
    }

    func containsBytes(of part: String) -> Bool {
        withBytes(and: part) { text, part in
            guard let first = part.first, let wanted = part.baseAddress,
                let text = text.baseAddress.map({ UnsafeRawPointer($0) })
            else { return part.isEmpty }
            let end = text + utf8.count
            var position = text
            while end - position >= part.count,
                let found = memchr(position, Int32(first), end - position - part.count + 1)
            {
                position = UnsafeRawPointer(found)
                if memcmp(position, wanted, part.count) == 0 { return true }
                position += 1
            }
            return false
        }
    }

    var codePoints: [Unicode.Scalar] { Array(unicodeScalars) }

    init(codePoints: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: codePoints)
        self.init(view)
    }
}
