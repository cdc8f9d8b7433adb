import CRE2

/// A regular expression that tags are looked up in, anywhere unless anchored. RE2's syntax: matching takes time linear in
/// the tag, whatever the expression.
public struct TagPattern: Sendable, Equatable {
    public let text: String
    private let compiled: Compiled

    public static let longest = 1000

    public init(_ text: String) throws(TagPatternError) {
        guard text.utf8.count <= Self.longest else {
            throw TagPatternError(message: "is longer than \(Self.longest) bytes")
        }
        self.text = text
        compiled = try Compiled(text)
    }

    public func matches(_ tag: String) -> Bool { compiled.matches(tag) }

    public static func == (left: TagPattern, right: TagPattern) -> Bool { left.text == right.text }

    /// Unchecked because it holds a C pointer: RE2 objects are immutable once compiled, and matching is thread-safe.
    private final class Compiled: @unchecked Sendable {
        private static let memory: Int64 = 1 << 20
        private let pattern: OpaquePointer

        init(_ text: String) throws(TagPatternError) {
            var message = [CChar](repeating: 0, count: 256)
            var text = text
            let pattern = text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    cre2_compile($0.baseAddress, $0.count, Self.memory, &message, message.count)
                }
            }
            guard let pattern else {
                let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                throw TagPatternError(
                    message: "is not a regular expression: \(String(decoding: reason, as: UTF8.self))")
            }
            self.pattern = pattern
        }

        deinit { cre2_free(pattern) }

        func matches(_ text: String) -> Bool {
            var text = text
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { cre2_matches(pattern, $0.baseAddress, $0.count) }
            }
        }
    }
}

public struct TagPatternError: Error {
    public let message: String
}
