/// Which lines are written, and which only counted since the same was written a moment ago. Bounded.
struct LogFolding: Sendable {
    /// A line that was written, and how often the same came since.
    private struct Entry: Sendable {
        let began: Duration
        var repeats = 0
        let summary: @Sendable (Int) -> String
    }

    /// Within which the same is written once.
    static let window = Duration.seconds(10)
    static let mostEntries = 256

    private var entries: [String: Entry] = [:]

    /// Whether anything waits to be told.
    var isPending: Bool { entries.values.contains { $0.repeats > 0 } }

    /// Whether the line is to be written now; if not, it is counted.
    ///
    /// - Parameters:
    ///   - identity: The same for lines that say the same.
    ///   - now: Of a clock that never goes back.
    ///   - summary: The line that tells how often it came again.
    mutating func admits(_ identity: String, now: Duration, summary: @escaping @Sendable (Int) -> String) -> Bool {
        if let entry = entries[identity], entry.repeats > 0 || now - entry.began < Self.window {
            entries[identity]?.repeats += 1
            return false
        }
        // Beyond the bound nothing is folded that is not known yet.
        if entries.count >= Self.mostEntries { forget(now) }
        guard entries.count < Self.mostEntries else { return true }
        entries[identity] = Entry(began: now, summary: summary)
        return true
    }

    /// The lines on what came again, of windows that are over.
    mutating func due(now: Duration) -> [String] {
        var lines: [String] = []
        for (identity, entry) in entries where now - entry.began >= Self.window {
            if entry.repeats > 0 { lines.append(entry.summary(entry.repeats)) }
            entries[identity] = nil
        }
        return lines
    }

    /// All of them, at the end of the program.
    mutating func rest() -> [String] {
        defer { entries = [:] }
        return entries.values.filter { $0.repeats > 0 }.map { $0.summary($0.repeats) }
    }

    private mutating func forget(_ now: Duration) {
        for (identity, entry) in entries where entry.repeats == 0 && now - entry.began >= Self.window {
            entries[identity] = nil
        }
    }
}
