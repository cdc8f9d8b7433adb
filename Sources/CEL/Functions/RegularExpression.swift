import CRE2

/// A compiled RE2 pattern, whose matching takes time linear in the text.
///
/// Unchecked because it holds a C pointer: RE2 objects are immutable once compiled, and matching is thread-safe.
final class RegularExpression: @unchecked Sendable {
    private let pattern: OpaquePointer
    /// Capturing groups, the whole match not counted.
    let groupCount: Int

    init(_ source: String, maximumLength: Int) throws(CELError) {
        guard source.utf8.count <= maximumLength else {
            throw CELError(.invalidArgument, "the regular expression is longer than \(maximumLength) bytes")
        }
        var message = [CChar](repeating: 0, count: 256)
        var source = source
        let compiled = source.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                cre2_compile(
                    characters.baseAddress, characters.count, Limits.regularExpressionMemory, &message, message.count)
            }
        }
        guard let compiled else {
            let reason = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw CELError(.invalidArgument, "the regular expression does not compile: \(reason)")
        }
        pattern = compiled
        groupCount = Int(cre2_group_count(compiled))
    }

    /// Compiles a pattern that is known only now, which costs far more than matching.
    convenience init(charging source: String, _ context: EvaluationContext) throws(CELError) {
        try context.charge(100 + source.utf8.count * 4)
        try self.init(source, maximumLength: context.regularExpressionBytes)
    }

    deinit {
        cre2_free(pattern)
    }

    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { cre2_matches(pattern, $0.baseAddress, $0.count) }
        }
    }

    /// Byte ranges of all groups, the whole match first, for each match that does not overlap the one before.
    func allMatches(in text: [UInt8], limit: Int = .max) -> [[Range<Int>?]] {
        var matches: [[Range<Int>?]] = []
        var start = 0
        let spanCount = min(groupCount + 1, 17)
        text.withUnsafeBytes { bytes in
            let characters = bytes.assumingMemoryBound(to: CChar.self)
            var spans = [cre2_span](repeating: cre2_span(), count: spanCount)
            while start <= text.count, matches.count < limit,
                cre2_find(pattern, characters.baseAddress, text.count, start, &spans, Int32(spanCount))
            {
                matches.append(spans.map { $0.start < 0 ? nil : Int($0.start)..<Int($0.start + $0.length) })
                let whole = Int(spans[0].start)..<Int(spans[0].start + spans[0].length)
                start = whole.isEmpty ? Self.nextCodePoint(in: text, after: whole.upperBound) : whole.upperBound
            }
        }
        return matches
    }

    private static func nextCodePoint(in text: [UInt8], after position: Int) -> Int {
        var next = position + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}
