import Foundation
import Testing

@Suite struct FillSimulationTests {
    /// A seed that fails is printed; `ENTREPOT_SEED` runs it alone.
    private static let only = ProcessInfo.processInfo.environment["ENTREPOT_SEED"].flatMap { UInt64($0) }

    private struct Tally: Sendable {
        var (fetches, lapses, kills, mostFetches) = (0, 0, 0, 0)
        var violations: [String] = []
    }

    /// On a thread of its own: it computes for a while, and tests beside it wait for sockets.
    private static func run(_ seeds: Range<UInt64>, _ faults: FillSimulation.Faults) async -> Tally {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                var tally = Tally()
                for seed in only.map({ $0..<$0 + 1 }) ?? seeds where tally.violations.count < 5 {
                    var simulation = FillSimulation(seed: seed, faults: faults)
                    do throws(FillSimulation.Violation) { try simulation.run() } catch {
                        tally.violations.append("seed \(seed): \(error)")
                    }
                    tally.fetches += simulation.fetches
                    tally.lapses += simulation.lapses
                    tally.kills += simulation.kills
                    tally.mostFetches = max(tally.mostFetches, simulation.fetches)
                }
                continuation.resume(returning: tally)
            }
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    @Test func `ten thousand schedules of deaths, pauses, delays and losses end well`() async {
        let tally = await Self.run(0..<10_000, .init())
        #expect(tally.violations == [])
        // They are not all of the peaceful kind.
        guard Self.only == nil else { return }
        #expect(tally.lapses > 600 && tally.kills > 6000 && tally.fetches > 13_000, "\(tally)")
    }

    @Test func `without faults one fetch is enough for all`() async {
        let tally = await Self.run(
            0..<500,
            .init(deaths: false, pauses: false, losses: false, flushes: false, lies: false, storeFailures: false))
        #expect(tally.violations == [])
        #expect(tally.mostFetches == 1)
    }

    @Test func `an upstream that lies has nothing wrong stored`() async {
        let tally = await Self.run(0..<1000, .init(lies: true))
        #expect(tally.violations == [])
    }
}
