/// Values by their keys. Without a default a value is nil where it is absent, or wrong, which is reported.
extension TableReader {
    func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        integer(key, in: range) ?? fallback
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        let remedy = "write a whole number \(range.words)"
        guard case .integer(let value) = node.content else {
            report(key, "expected an integer, found \(node.kind)", remedy)
            return nil
        }
        return within(range, value, key, remedy)
    }

    func flag(_ key: String, default fallback: Bool) -> Bool { flag(key) ?? fallback }

    func flag(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .boolean(let value) = node.content else {
            report(key, "expected a boolean, found \(node.kind)", "write true or false, without quotes")
            return nil
        }
        return value
    }

    func size(_ key: String, in range: ClosedRange<DataSize>, default fallback: DataSize) -> DataSize {
        size(key, in: range, like: fallback) ?? fallback
    }

    /// - Parameter example: For those who do not know how to write one.
    func size(_ key: String, in range: ClosedRange<DataSize>, like example: DataSize) -> DataSize? {
        guard let node = node(key) else { return nil }
        let remedy = "write a number of bytes or a size like \"\(example)\", \(range.words)"
        let size: DataSize?
        let text: String
        switch node.content {
        case .integer(let bytes):
            size = DataSize(bytes: bytes)
            text = "\(bytes)"
        case .string(let string):
            size = DataSize(string)
            text = "'\(string)'"
        default:
            report(key, "expected a size, found \(node.kind)", remedy)
            return nil
        }
        guard let size else {
            report(key, "\(text) is not a size", remedy)
            return nil
        }
        return within(range, size, key, remedy)
    }

    private func within<Value>(_ range: ClosedRange<Value>, _ value: Value, _ key: String, _ remedy: String) -> Value? {
        if range.contains(value) { return value }
        report(key, "\(value) is out of range", remedy)
        return nil
    }

    func duration(_ key: String, least: Seconds = .milliseconds(1), default fallback: Seconds) -> Seconds {
        duration(key, least: least) ?? fallback
    }

    /// - Parameter least: the shortest that makes sense; 0 where "none" does.
    func duration(_ key: String, least: Seconds = .milliseconds(1)) -> Seconds? {
        guard let node = node(key) else { return nil }
        let remedy = "write a number of seconds or a duration like \"90s\", \"5m\" or \"1h30m\""
        let seconds: Seconds?
        let text: String
        switch node.content {
        case .integer(let count):
            seconds = Seconds(count)
            text = "\(count)"
        case .number(let count):
            seconds = Seconds(count)
            text = "\(count)"
        case .string(let string):
            seconds = Seconds(string)
            text = "'\(string)'"
        default:
            report(key, "expected a duration, found \(node.kind)", remedy)
            return nil
        }
        guard let seconds else {
            report(key, "\(text) is not a duration of at most ten years", remedy)
            return nil
        }
        guard seconds >= least else {
            report(key, "\(seconds) is too short", "write at least \"\(least)\"")
            return nil
        }
        return seconds
    }

    /// The texts of an array, with their positions.
    func texts(_ key: String) -> [(index: Int, text: String)] {
        guard let node = node(key) else { return [] }
        guard case .array(let elements) = node.content else {
            report(key, "expected an array of strings, found \(node.kind)", "write it as [\"...\"]")
            return []
        }
        return elements.enumerated().compactMap { index, element in
            if case .string(let text) = element.content { return (index, text) }
            report(key, "expected strings, found \(element.kind)", "write every entry in quotes")
            return nil
        }
    }

    /// Text that is not empty; nil where it is absent or wrong.
    func text(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        guard case .string(let text) = node.content else {
            report(key, "expected a string, found \(node.kind)", "write it in quotes")
            return nil
        }
        guard !text.isEmpty else {
            report(key, "is empty", "give it a value or remove it")
            return nil
        }
        return text
    }

    /// Whether the key is there; a problem if not.
    func requires(_ key: String) -> Bool {
        if isSet(key) { return true }
        report(key, "is missing", "add \(key) to [\(path.text)]")
        return false
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        guard let text = text(key) else { return fallback }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let meant = Suggestion.closest(to: text, among: names).map { "did you mean \"\($0)\"?" }
        report(
            key, "'\(text)' is not one of its values",
            meant ?? "use one of \(names.map { "\"\($0)\"" }.joined(separator: ", "))")
        return fallback
    }

    /// The path of a file that can be read now.
    func file(_ key: String) -> String? {
        guard let path = text(key) else { return nil }
        problems.note(file: path)
        if let reason = BoundedFile.reasonUnreadable(path) {
            report(key, "cannot read '\(path)': \(reason)", "correct the path or the file's permissions")
            return nil
        }
        return path
    }

    func requiredFile(_ key: String) -> String? {
        requires(key) ? file(key) : nil
    }
}

extension ClosedRange {
    /// For remedies.
    var words: String { "between \(lowerBound) and \(upperBound)" }
}
