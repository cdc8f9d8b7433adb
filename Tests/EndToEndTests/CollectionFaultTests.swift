import Foundation
import TestSupport
import Testing

/// Collection beside everything else that happens to a store, and beside the end of the server at any moment.
@Suite struct CollectionFaultTests {
    private struct Outcome: Decodable {
        var counts: [String: Int]
        var lost: [String]
        var left: [String]
        var removed: Int
        var kept: Int
    }

    @Test func nothingAcknowledgedIsLostUnderLoadWithKillsAndNothingUnreferencedOutlivesTwoRounds() async throws {
        try await Stage.with { stage in
            let output = try await Command(
                "python3",
                [
                    Paths.script("collection-faults.py"), Paths.entrepot.path,
                    try stage.makeDirectory("faults").path, "\(FreePorts.next())", "24", "5",
                ]
            ).run(within: .seconds(180))
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(output.utf8))
            #expect(outcome.lost == [])
            #expect(outcome.left == [])
            // It was tried.
            #expect(outcome.counts["kills"] == 5 && outcome.kept > 0 && outcome.removed > 0, "\(output)")
            for name in ["pushed", "pulled", "mounted", "found", "moved", "deleted"] {
                #expect(outcome.counts[name] ?? 0 > 0, "nothing was \(name)")
            }
        }
    }
}
