import Foundation
import Testing

@Suite struct FillSimulationTests {
    /// A seed that fails is printed; `ENTREPOT_SEED` runs it alone.
    private static let only = ProcessInfo.processInfo.environment["ENTREPOT_SEED"].flatMap { UInt64($0) }

    private struct Tally: Sendable {
        var fetches = 0
        var lapses = 0
        var kills = 0
        var mostFetches = 0
        var violations: [String] = []

        mutating func add(_ other: Tally) {
            fetches += other.fetches
            lapses += other.lapses
            kills += other.kills
            mostFetches = max(mostFetches, other.mostFetches)
            violations += other.violations
        }
    }

    /// On threads of its own, one for each processor: it computes for a while.
    private static func run(_ seeds: Range<UInt64>, _ faults: FillSimulation.Faults) async -> Tally {
        let seeds = only.map { $0..<$0 + 1 } ?? seeds
        let threads = UInt64(ProcessInfo.processInfo.activeProcessorCount)
        return await withTaskGroup(of: Tally.self) { group in
            for first in 0..<threads {
                group.addTask {
                    await run(stride(from: seeds.lowerBound + first, to: seeds.upperBound, by: Int(threads)), faults)
                }
            }
            return await group.reduce(into: Tally()) { $0.add($1) }
        }
    }

    private static func run(_ seeds: StrideTo<UInt64>, _ faults: FillSimulation.Faults) async -> Tally {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                var tally = Tally()
                for seed in seeds where tally.violations.count < 5 {
                    var simulation = FillSimulation(seed: seed, faults: faults)
                    do throws(FillSimulation.Violation) { try simulation.run() } catch {
                        tally.violations.append("seed \(seed): \(error)")
                    }
                    tally.add(
                        Tally(
                            fetches: simulation.fetches, lapses: simulation.lapses, kills: simulation.kills,
                            mostFetches: simulation.fetches))
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
