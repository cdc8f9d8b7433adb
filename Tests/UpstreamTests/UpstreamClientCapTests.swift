import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

/// Transfers that are held to caps.
@Suite(.timeLimit(.minutes(1))) struct UpstreamClientCapTests {
    @Test func aTransferTakesAPlaceUntilItsLastByteIsTaken() async throws {
        let gate = UpstreamGate(name: "up", caps: UpstreamCaps(connections: 1))
        try await ScriptedHTTPServer.run { _ in
            .answer(200, text: "0123456789")
        } _: { server in
            let client = try makeClient(server, gate: gate)
            let errand = UpstreamErrand(repository: repository, urgency: Urgency(.content))
            let blob = try await client.admitted(errand, patience: .zero).blob(repository, digest, range: nil)
            #expect(gate.reading.inUse == 1)
            #expect(
                await kindOf { _ = try await client.admitted(errand, patience: .milliseconds(1)) }
                    == .capped(retryAfter: 5))
            _ = try await blob.collect()
            #expect(gate.reading.inUse == 0)
            _ = try await client.admitted(errand, patience: .zero).headBlob(repository, digest)
            #expect(gate.reading.inUse == 0)
        }
    }

    @Test func aTransferThatIsLetGoOfGivesItsPlaceBack() async throws {
        let gate = UpstreamGate(name: "up", caps: UpstreamCaps(connections: 1))
        try await ScriptedHTTPServer.run { _ in
            TestResponse(steps: [.bytes(TestResponse.head(200, [], length: 100)), .hang])
        } _: { server in
            let errand = UpstreamErrand(repository: repository, urgency: Urgency(.content))
            do {
                let client = try await makeClient(server, gate: gate).admitted(errand, patience: .zero)
                let blob = try await client.blob(repository, digest, range: nil)
                #expect(blob.totalSize == 100)
            }
            #expect(gate.reading.inUse == 0)
        }
    }

    @Test func aCappedTransferStopsTheUpstreamInsteadOfFillingMemory() async throws {
        let timers = ManualTimers()
        let gate = UpstreamGate(name: "up", caps: UpstreamCaps(bytesPerSecond: 64 << 10), timers: timers.timers)
        let size = 16 << 20
        try await ScriptedHTTPServer.run { _ in
            .answer(200, body: .pattern(count: size))
        } _: { server in
            let errand = UpstreamErrand(repository: repository, urgency: Urgency(.content))
            let client = try await makeClient(server, gate: gate).admitted(errand, patience: .zero)
            let blob = try await client.blob(repository, digest, range: nil)
            let count = NIOLockedValueBox(0)
            let reading = Task {
                while let piece = try await blob.body.next() {
                    count.withLockedValue { $0 += piece.readableBytes }
                }
            }
            var seconds = 0
            while count.withLockedValue({ $0 }) < size {
                let isWaiting = try await eventually(within: .seconds(20)) {
                    timers.sleeping > 0 || count.withLockedValue { $0 } == size ? true : nil
                }
                try #require(isWaiting == true)
                // A piece of 256 KiB at most is owed at a time.
                #expect(count.withLockedValue { $0 } <= (seconds + 1) * (64 << 10) + (256 << 10))
                timers.pass(.seconds(1))
                seconds += 1
            }
            try await reading.value
            #expect(seconds >= size / (64 << 10) - 5)
        }
    }
}
