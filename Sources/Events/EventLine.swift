internal import FoundationEssentials

/// An event as it lies in a queue: one line of JSON.
enum EventLine {
    static func text(_ event: RegistryEvent) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(event)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func event(_ line: String) -> RegistryEvent? {
        try? JSONDecoder().decode(RegistryEvent.self, from: Data(line.utf8))
    }
}
