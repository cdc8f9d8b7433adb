/// One way to authenticate that a server offers in `WWW-Authenticate` (RFC 9110, section 11.6.1).
public struct Challenge: Hashable, Sendable {
    /// Lower case.
    public let scheme: String
    /// Names in lower case; of repeated ones the first.
    public let parameters: [String: String]

    public init(scheme: String, parameters: [String: String] = [:]) {
        self.scheme = scheme.lowercased()
        self.parameters = parameters
    }

    /// Longer header values are not looked at.
    static let longestValue = 8 << 10
    static let mostChallenges = 16

    /// All challenges of all values of the header, in order. What cannot be understood is skipped, because registries and
    /// the proxies before them send all sorts of things: unquoted values, stray commas, a missing comma between
    /// parameters.
    public static func parse(_ values: [String]) -> [Challenge] {
        var challenges: [Challenge] = []
        for value in values where value.utf8.count <= longestValue {
            var parser = ChallengeParser(value)
            while challenges.count < mostChallenges, let challenge = parser.next() { challenges.append(challenge) }
        }
        return challenges
    }
}

/// Reads one header value. A word followed by `=` is a parameter of the challenge before it, any other word begins a
/// challenge.
private struct ChallengeParser {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    mutating func next() -> Challenge? {
        while true {
            skip { Self.isSpace($0) || $0 == UInt8(ascii: ",") }
            guard !rest.isEmpty else { return nil }
            let scheme = word()
            guard !scheme.isEmpty else {
                rest.removeFirst()
                continue
            }
            // A parameter that belongs to no challenge.
            if value() != nil { continue }
            return Challenge(scheme: scheme, parameters: parameters())
        }
    }

    private mutating func parameters() -> [String: String] {
        var parameters: [String: String] = [:]
        while true {
            let before = rest
            skip { Self.isSpace($0) || $0 == UInt8(ascii: ",") }
            let name = word()
            guard !name.isEmpty, let value = value() else {
                rest = before
                // Something like token68 is no parameter and no scheme: go on behind it.
                if name.isEmpty, !rest.isEmpty { skip { $0 != UInt8(ascii: ",") } }
                return parameters
            }
            if parameters[name.lowercased()] == nil { parameters[name.lowercased()] = value }
        }
    }

    /// `= value`, quoted or not, with spaces around; nil and nothing taken if there is no `=`.
    private mutating func value() -> String? {
        let before = rest
        skip(Self.isSpace)
        guard rest.first == UInt8(ascii: "=") else {
            rest = before
            return nil
        }
        rest.removeFirst()
        skip(Self.isSpace)
        guard rest.first == UInt8(ascii: "\"") else {
            let value = rest.prefix { !Self.isSpace($0) && $0 != UInt8(ascii: ",") }
            rest = rest[value.endIndex...]
            return String(Substring(value))
        }
        rest.removeFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                value.append(escaped)
            } else {
                value.append(byte)
            }
        }
        return String(decoding: value, as: UTF8.self)
    }

    private mutating func word() -> String {
        let word = rest.prefix { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        rest = rest[word.endIndex...]
        return String(Substring(word))
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        rest = rest.drop(while: isSkipped)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
