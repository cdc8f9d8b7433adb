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

    func isIdentical(to other: String) -> Bool {
        utf8.count == other.utf8.count
            && withBytes(and: other) { left, right in
                left.isEmpty || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
            }
    }

    func byteOrder(_ other: String) -> NumericOrder {
        withBytes(and: other) { left, right in
            let common = min(left.count, right.count)
            let difference = common == 0 ? 0 : memcmp(left.baseAddress!, right.baseAddress!, common)
            return NumericOrder.order(difference == 0 ? left.count - right.count : Int(difference), 0)
        }
    }

    func startsWith(_ prefix: String) -> Bool {
        prefix.utf8.count <= utf8.count
            && withBytes(and: prefix) { text, prefix in
                prefix.isEmpty || memcmp(text.baseAddress!, prefix.baseAddress!, prefix.count) == 0
            }
    }

    func endsWith(_ suffix: String) -> Bool {
        suffix.utf8.count <= utf8.count
            && withBytes(and: suffix) { text, suffix in
                suffix.isEmpty
                    || memcmp(text.baseAddress! + (text.count - suffix.count), suffix.baseAddress!, suffix.count) == 0
            }
    }

    func containsBytes(of part: String) -> Bool {
        withBytes(and: part) { text, part in
            guard let first = part.first, let text = text.baseAddress.map({ UnsafeRawPointer($0) }) else {
                return part.isEmpty
            }
            let end = text + utf8.count
            var position = text
            while end - position >= part.count,
                let found = memchr(position, Int32(first), end - position - part.count + 1)
            {
                position = UnsafeRawPointer(found)
                if memcmp(position, part.baseAddress!, part.count) == 0 { return true }
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
