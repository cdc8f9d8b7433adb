/// Something that was looked at, and what to do about it.
public struct Finding: Sendable, Equatable, Codable {
    /// From what is best to what is worst.
    public enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
        case ok
        /// Works, and somebody may want to know.
        case note
        /// Works now, or in part.
        case warning
        /// Something that is configured does not work.
        case failure

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    }

    /// What it is about.
    public enum Area: String, Sendable, Codable, CaseIterable {
        case configuration, store, machine, tls, redis, upstreams, runtimes
    }

    public let severity: Severity
    public let area: Area
    /// Which one of its kind: a path, a host, a key.
    public let subject: String
    public let message: String
    /// Nil where nothing is to be done.
    public let remedy: String?

    /// What is not printable becomes a dot, as it may come from files and servers of strangers.
    public init(_ severity: Severity, _ area: Area, _ subject: String, _ message: String, remedy: String? = nil) {
        self.severity = severity
        self.area = area
        self.subject = Self.printable(subject)
        self.message = Self.printable(message)
        self.remedy = remedy.map(Self.printable)
    }

    private static let longest = 2000

    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longest) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.append(isControl || scalar.properties.isBidiControl ? "." : scalar)
        }
        return String(result)
    }
}
