import Testing

@testable import Threads

@Suite struct BeatTests {
    @Test(arguments: [
        (after: 0, period: 10, moment: 10), (after: 3, period: 10, moment: 10), (after: 10, period: 10, moment: 20),
        (after: 12, period: 5, moment: 15), (after: 119, period: 60, moment: 120),
    ])
    func whoWaitsIsWokenAtTheNextFullPeriod(after: Int, period: Int, moment: Int) {
        let origin = ContinuousClock.now
        let found = Beat.moment(after: origin + .seconds(after), .seconds(period), since: origin)
        #expect(found == origin + .seconds(moment))
    }

    @Test func aCancelledTaskIsToldSo() async {
        let task = Task { try await Beat.next(.seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
