import Cluster
import Coordination
import NIOConcurrencyHelpers
import Testing

@Suite(.timeLimit(.minutes(1))) struct SharedFlightsTests {
    private struct Refused: Error, Equatable {}

    private static func flights(_ store: (any Coordination)?) -> SharedFlights {
        SharedFlights(Replica(leases: SwitchedCoordination(store)), CoordinationKey.Space("test"))
    }

    /// What comes of a question that counts how often it was asked.
    private static func ask(
        _ flights: SharedFlights, _ count: NIOLockedValueBox<Int>, fails: Bool = false, reports: Bool = true,
        while gate: @Sendable () async -> Void = {}
    ) async -> Result<Int, Refused> {
        do throws(Refused) {
            return .success(
                try await flights.value("x") { () async throws(Refused) in
                    let number = count.withLockedValue { count in
                        count += 1
                        return count
                    }
                    await gate()
                    if fails { throw Refused() }
                    return number
                } report: { result in
                    guard reports else { return nil }
                    return if case .success(let number) = result { [UInt8(number)] } else { [0] }
                } take: { report in
                    report.first.map { $0 == 0 ? .failure(Refused()) : .success(Int($0)) }
                })
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [false, true])
    func whoWantsTheSameMeanwhileTakesWhatComesOfIt(fails: Bool) async {
        let store = MemoryCoordination()
        let count = NIOLockedValueBox(0)
        let outcomes = await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    await Self.ask(Self.flights(store), count, fails: fails) {
                        // As long as an upstream takes.
                        try? await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            return await group.reduce(into: [Result<Int, Refused>]()) { $0.append($1) }
        }
        let asked = count.withLockedValue { $0 }
        // Who comes when it is over asks again.
        #expect(asked < 10)
        for outcome in outcomes {
            switch outcome {
            case .success(let number): #expect(!fails && (1...asked).contains(number))
            case .failure: #expect(fails)
            }
        }
    }

    @Test func whatIsOfNoUseToOthersIsDoneByEach() async {
        let store = MemoryCoordination()
        let count = NIOLockedValueBox(0)
        await withTaskGroup { group in
            for _ in 0..<5 {
                group.addTask { _ = await Self.ask(Self.flights(store), count, reports: false) }
            }
        }
        #expect(count.withLockedValue { $0 } == 5)
    }

    @Test func whereNobodyCanBeAskedEverybodyAsks() async {
        let count = NIOLockedValueBox(0)
        for _ in 0..<3 { _ = await Self.ask(Self.flights(nil), count) }
        #expect(count.withLockedValue { $0 } == 3)
    }
}
