/// Which lines are written, and which only counted since the same was written a moment ago. Bounded.
struct LogFolding: Sendable {
    /// A line that was written, and how often the same came since.
    private struct Entry: Sendable {
        let began: Duration
        var repeats = 0
        let summary: @Sendable (Int) -> String
    }

    static let window = Duration.seconds(10)
    static let mostEntries = 256

    private let window: Duration
    private let others: (@Sendable (Int) -> String)?
    private var entries: [String: Entry] = [:]
    /// Of those that are told together.
    private var unknown: Entry?

    /// - Parameters:
    ///   - window: Within which the same is written once.
    ///   - others: The line on those that are different from all that there was room for; nil if they are written.
    init(window: Duration = Self.window, others: (@Sendable (Int) -> String)? = nil) {
        self.window = window
        self.others = others
    }

    /// Whether anything waits to be told.
    var isPending: Bool { unknown != nil || entries.values.contains { $0.repeats > 0 } }

    /// Whether the line is to be written now; if not, it is counted.
    ///
    /// - Parameters:
    ///   - identity: The same for lines that say the same.
    ///   - now: Of a clock that never goes back.
    ///   - summary: The line that tells how often it came again.
    mutating func admits(_ identity: String, now: Duration, summary: @escaping @Sendable (Int) -> String) -> Bool {
        if let entry = entries[identity], entry.repeats > 0 || now - entry.began < window {
            entries[identity]?.repeats += 1
            return false
        }
        if entries.count >= Self.mostEntries { forget(now) }
        guard entries.count < Self.mostEntries else {
            guard let others else { return true }
            if unknown == nil { unknown = Entry(began: now, summary: others) }
            unknown?.repeats += 1
            return false
        }
        entries[identity] = Entry(began: now, summary: summary)
        return true
    }

    /// The lines on what came again, of windows that are over.
    mutating func due(now: Duration) -> [String] {
        var lines: [String] = []
        for (identity, entry) in entries where now - entry.began >= window {
            if entry.repeats > 0 { lines.append(entry.summary(entry.repeats)) }
            entries[identity] = nil
        }
        if let entry = unknown, now - entry.began >= window {
            lines.append(entry.summary(entry.repeats))
            unknown = nil
        }
        return lines
    }

    /// All of them, at the end of the program.
    mutating func rest() -> [String] {
        defer {
            entries = [:]
            unknown = nil
        }
        return (Array(entries.values) + [unknown].compactMap { $0 }).filter { $0.repeats > 0 }.map {
            $0.summary($0.repeats)
        }
    }

    private mutating func forget(_ now: Duration) {
        for (identity, entry) in entries where entry.repeats == 0 && now - entry.began >= window {
            entries[identity] = nil
        }
    }
}
