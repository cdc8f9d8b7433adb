/// How far something is, in a line.
struct ProgressLine {
    var what: String
    var unit: ProgressBar.Unit
    var done: Int64
    /// Nil if nobody knows.
    var total: Int64?
    /// A second.
    var rate: Double
    /// Since it began.
    var seconds: Double

    /// - Parameter columns: Of a terminal, which has room for a bar; nil for a line of its own.
    func text(columns: Int?) -> String {
        let amount = total.map { "\(quantity(done)) of \(quantity($0))" } ?? quantity(done)
        var parts = [amount, "\(speed)/s"]
        if let left { parts.append("about \(Quantity.time(left)) left") } else { parts.append(Quantity.time(seconds)) }
        let words = parts.joined(separator: ", ") + suffix
        guard let columns else { return "\(what): \(words)" }
        guard let share else { return TerminalText.clipped("\(what) \(words)", to: columns - 1) }
        let percent = TerminalText.right("\(Int(share * 100)) %", 5)
        let room = columns - 1 - what.count - words.count - percent.count - 3
        let bar = room >= 8 ? TerminalText.bar(share, min(room, 40)) + " " : ""
        return TerminalText.clipped("\(what) \(bar)\(percent) \(words)", to: columns - 1)
    }

    private var share: Double? { total.map { min(Double(done) / Double($0), 1) } }

    private var left: Double? {
        guard let total, rate > 0 else { return nil }
        return Double(max(total - done, 0)) / rate
    }

    private func quantity(_ count: Int64) -> String {
        if case .bytes = unit { Quantity.bytes(Double(count)) } else { "\(count)" }
    }

    private var speed: String {
        if case .bytes = unit { Quantity.bytes(rate) } else { Quantity.decimal(rate) }
    }

    private var suffix: String {
        if case .items(let word) = unit { " (\(word))" } else { "" }
    }
}
