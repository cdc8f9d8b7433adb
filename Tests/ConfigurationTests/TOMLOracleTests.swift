import Foundation
import TestSupport
import Testing

@testable import Configuration

/// The parser beside Python's, on texts that neither was made for.
@Suite struct TOMLOracleTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let root = folder.deletingLastPathComponent().deletingLastPathComponent()

    private var count: Int { ProcessInfo.processInfo.environment["ENTREPOT_TOML_TEXTS"].flatMap { Int($0) } ?? 4000 }

    /// `ENTREPOT_TOML_SEED` repeats a run, `ENTREPOT_TOML_TEXTS` says how many texts.
    @Test func everyTextIsTakenOrRefusedAsByPythonWithTheSameValues() async throws {
        let seed = ProcessInfo.processInfo.environment["ENTREPOT_TOML_SEED"] ?? "\(UInt32.random(in: 0...UInt32.max))"
        let uncommented = FileManager.default.temporaryDirectory.appendingPathComponent("toml-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: uncommented) }
        let example = try String(contentsOf: Self.root.appendingPathComponent("config/example.toml"), encoding: .utf8)
        try Data(example.replacing(/\n#(?=[a-z\["])/, with: "\n").utf8).write(to: uncommented)
        let script = Self.folder.appendingPathComponent("Support/toml-oracle.py").path
        let corpus = try FileManager.default.contentsOfDirectory(
            at: Self.folder.appendingPathComponent("BrokenFiles"), includingPropertiesForKeys: nil)
        let output = try await Command(
            "python3", [script, seed, "\(count)", uncommented.path] + corpus.map(\.path).sorted()
        ).run(within: .seconds(600))

        var taken = 0
        let lines = output.split(separator: "\n")
        #expect(lines.count == count)
        for line in lines {
            let sides = line.split(separator: "\t", omittingEmptySubsequences: false)
            let bytes = Self.bytes(sides[0])
            let ours: String
            do {
                ours = Self.canonical(try TOMLParser.parse(bytes, file: "f", maximumDepth: 16))
                taken += 1
            } catch {
                // Bounds of ours: depth, 64 bits. And Python knows no year 0.
                if error.problem == .tooDeep || "\(error.problem)".contains("64 bits") { continue }
                ours = "-"
            }
            let text = String(decoding: bytes, as: UTF8.self)
            // The decoders behind it bear everything that it lets through.
            _ = try? ConfigurationLoader.load(text: text)
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) || text.contains("0000-") { continue }
            #expect(ours == sides[1], "seed \(seed): \(text.debugDescription)")
        }
        // Else the comparison would be of errors only.
        #expect(taken > count / 20)
    }

    private static func bytes(_ hex: Substring) -> [UInt8] {
        var iterator = hex.utf8.makeIterator()
        var bytes: [UInt8] = []
        while let high = iterator.next(), let low = iterator.next() {
            bytes.append(UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16) ?? 0)
        }
        return bytes
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func canonical(_ node: SettingNode) -> String {
        switch node.content {
        case .table(let entries):
            let keys = entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return "{" + keys.map { hex($0.utf8) + "=" + (entries[$0].map(canonical) ?? "") }.joined(separator: ",")
                + "}"
        case .array(let elements): return "[" + elements.map(canonical).joined(separator: ",") + "]"
        case .string(let text): return "s:" + hex(text.utf8)
        case .integer(let number): return "i:\(number)"
        case .number(let number):
            return number.isNaN ? "f:nan" : "f:" + hex((0..<8).map { UInt8(number.bitPattern >> (56 - $0 * 8) & 0xFF) })
        case .boolean(let flag): return "b:\(flag)"
        case .dateOrTime: return "d"
        }
    }
}
