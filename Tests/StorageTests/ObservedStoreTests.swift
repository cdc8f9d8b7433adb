import NIOCore
import Storage
import TestSupport
import Testing

@Suite struct ObservedStoreTests {
    @Test(arguments: ObjectStoreContract.allCases)
    func keepsTheContractOfWhatItObserves(clause: ObjectStoreContract) async throws {
        try await clause.check(ObservedStore(MemoryStore()))
    }
}
