import Foundation
import TestSupport
import Testing

/// A server that has no file descriptors left.
@Suite struct DescriptorTests {
    @Test func `out of descriptors it rests, finishes what it began, and serves again`() async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: "[repository.local]\n")
            let printed = try await Command(
                "/usr/bin/python3", [Paths.script("few-descriptors.py"), "\(entrepot.port)", "\(entrepot.process.pid)"]
            ).run(within: .seconds(60))
            struct Outcome: Decodable {
                var processorSeconds: Double
                var uploaded: Int
                var waited: Bool
                var served: Int
            }
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(printed.utf8))
            // In three seconds with clients waiting in the queue.
            #expect(outcome.processorSeconds < 0.5, "\(printed)")
            #expect(outcome.waited, "the server still accepted everybody")
            #expect(outcome.uploaded == 201)
            #expect(outcome.served == 200)
            #expect(entrepot.process.isRunning)
        }
    }
}
