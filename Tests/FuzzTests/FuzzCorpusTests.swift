import Foundation
import FuzzTargets
import Testing

/// What fuzzing came upon, and what covers most of each reader: read again by every run.
@Suite(.serialized) struct FuzzCorpusTests {
    /// Each with what it is called.
    private static func inputs(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz")
        let files = try FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent("corpus/\(target.rawValue)"), includingPropertiesForKeys: nil)
        var inputs = try files.sorted { $0.path < $1.path }.map {
            ($0.lastPathComponent, [UInt8](try Data(contentsOf: $0)))
        }
        // What covers most of the reader, as little as does: an input in base64 a line.
        let learnt = try String(
            contentsOf: folder.appendingPathComponent("learnt/\(target.rawValue).txt"), encoding: .utf8)
        for line in learnt.split(separator: "\n") {
            inputs.append((String(line), [UInt8](try #require(Data(base64Encoded: String(line))))))
        }
        return inputs
    }

    @Test(.timeLimit(.minutes(1)), arguments: FuzzTarget.allCases)
    func everyInputOfTheCorpusIsReadOrRefused(target: FuzzTarget) throws {
        let inputs = try Self.inputs(target)
        #expect(inputs.count > 4)
        for (name, bytes) in inputs {
            #expect(throws: Never.self, "\(name)") { try target.run(bytes) }
        }
    }
}
