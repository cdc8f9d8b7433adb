import Foundation
import FuzzTargets
import Testing

/// What fuzzing came upon, and what covers most of each reader: read again by every run.
@Suite(.serialized) struct FuzzCorpusTests {
    private static func inputs(_ target: FuzzTarget) throws -> [URL] {
        let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz/corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }

    @Test(.timeLimit(.minutes(1)), arguments: FuzzTarget.allCases)
    func everyInputOfTheCorpusIsReadOrRefused(target: FuzzTarget) throws {
        let inputs = try Self.inputs(target)
        #expect(inputs.count > 1)
        for input in inputs {
            let bytes = try Data(contentsOf: input)
            #expect(throws: Never.self, "\(input.lastPathComponent)") { try target.run([UInt8](bytes)) }
        }
    }
}
