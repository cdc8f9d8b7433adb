#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import Logging

/// The shape of a line.
public enum LogFormat: Sendable {
    /// For people: time, level, logger, message, and the fields as `key=value`.
    case text
    /// The same with the level as systemd's journal reads it (`<4>`, sd-daemon(3)) in place of time and level.
    case journal
    /// For programs: one JSON object.
    case json

    /// A line with its end.
    ///
    /// - Parameter fields: In the order of their names.
    func line(
        _ level: Logger.Level, _ label: String, _ message: String, _ fields: [(key: String, value: String)]
    ) -> String {
        var line = ""
        line.reserveCapacity(256)
        switch self {
        case .json:
            line += "{"
            Self.append("time", Self.timestamp(), to: &line)
            Self.append("level", level.rawValue, to: &line)
            Self.append("logger", label, to: &line)
            Self.append("message", message, to: &line)
            for (key, value) in fields { Self.append(key, value, to: &line) }
            line += "}\n"
        case .text, .journal:
            if self == .journal {
                line += "<\(level.priority)>"
            } else {
                line += Self.timestamp()
                line += " \(level.rawValue) "
            }
            line += label
            line += ": "
            line += Self.oneLine(message)
            for (key, value) in fields {
                line += " \(key)="
                line += Self.quoted(value)
            }
            line += "\n"
        }
        return line
    }

    /// RFC 3339, UTC, milliseconds.
    public static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return timestamp(seconds: now.tv_sec, milliseconds: Int(now.tv_nsec / 1_000_000))
    }

    /// RFC 3339, UTC, of a time since 1970.
    public static func timestamp(seconds: Int, milliseconds: Int) -> String {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = ""
        func append(_ number: Int32, _ width: Int, _ end: String) {
            let digits = String(number)
            text += String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits + end
        }
        append(parts.tm_year + 1900, 4, "-")
        append(parts.tm_mon + 1, 2, "-")
        append(parts.tm_mday, 2, "T")
        append(parts.tm_hour, 2, ":")
        append(parts.tm_min, 2, ":")
        append(parts.tm_sec, 2, ".")
        append(Int32(milliseconds), 3, "Z")
        return text
    }

    private static func append(_ key: String, _ value: String, to line: inout String) {
        if line.utf8.count > 1 { line += "," }
        line += "\"\(escaped(key))\":\"\(escaped(value))\""
    }

    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            return text
        }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// As it is where it is one word, else as in JSON: nobody can write a line of somebody else's.
    private static func quoted(_ text: String) -> String {
        let isWord =
            !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        return isWord ? text : "\"\(escaped(text))\""
    }

    private static func oneLine(_ text: String) -> String {
        text.utf8.contains { $0 < 0x20 } ? escaped(text) : text
    }
}

extension Logger.Level {
    /// Of syslog(3).
    fileprivate var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
