import Coordination
import NIOConcurrencyHelpers
import Testing

@Suite struct MemoryCoordinationTests {
    @Test(arguments: CoordinationContract.allCases)
    func theContractHolds(clause: CoordinationContract) async throws {
        let time = NIOLockedValueBox(Duration.seconds(1000))
        let store = MemoryCoordination { time.withLockedValue { $0 } }
        try await clause.check(store) { duration in time.withLockedValue { $0 += duration } }
    }
}
