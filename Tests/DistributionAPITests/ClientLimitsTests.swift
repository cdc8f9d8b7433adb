import Access
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import DistributionAPI

@Suite struct ClientLimitsTests {
    private let clock = NIOLockedValueBox(NIODeadline.uptimeNanoseconds(1_000_000_000_000))

    private func limits(_ settings: ClientLimits.Settings) -> ClientLimits {
        ClientLimits(settings) { [clock] in clock.withLockedValue { $0 } }
    }

    private func pass(_ time: TimeAmount) { clock.withLockedValue { $0 = $0 + time } }

    private func address(_ text: String) throws -> ClientLimits.Party { .address(try #require(ClientAddress(text))) }

    private func requests(_ perSecond: Double, burst: Double) -> ClientLimits.Share {
        ClientLimits.Share(requests: ClientLimits.Rate(perSecond: perSecond, burst: burst))
    }

    @Test func aBurstIsLetThroughAndThenTheRate() throws {
        let limits = limits(ClientLimits.Settings(address: requests(2, burst: 5)))
        let client = try address("192.0.2.1")
        for _ in 0..<5 { #expect(limits.admit(client) == nil) }
        #expect(limits.admit(client) == 1)
        // Somebody else is not held up.
        #expect(limits.admit(try address("192.0.2.2")) == nil)
        pass(.milliseconds(500))
        #expect(limits.admit(client) == nil)
        #expect(limits.admit(client) == 1)
        pass(.seconds(60))
        for _ in 0..<5 { #expect(limits.admit(client) == nil) }
        #expect(limits.admit(client) == 1)
    }

    @Test func bytesThatWereSentAreOwedAndPaidBackByWaiting() throws {
        let limits = limits(
            ClientLimits.Settings(identity: ClientLimits.Share(bytes: ClientLimits.Rate(perSecond: 100, burst: 1000))))
        let client = ClientLimits.Party.identity(try #require(IdentityID("alice")))
        #expect(limits.admit(client) == nil)
        limits.charge(client, 1500)
        #expect(limits.admit(client) == 5)
        pass(.seconds(4))
        #expect(limits.admit(client) == 1)
        pass(.seconds(1))
        #expect(limits.admit(client) == nil)
        // Addresses have no limit here.
        for _ in 0..<100 { #expect(limits.admit(try address("192.0.2.1")) == nil) }
    }

    @Test func newLimitsHoldForWhatIsLeftOfTheOldOnes() throws {
        let limits = limits(ClientLimits.Settings(address: requests(1, burst: 1)))
        let client = try address("192.0.2.1")
        #expect(limits.admit(client) == nil)
        #expect(limits.admit(client) == 1)
        limits.adjust(ClientLimits.Settings(address: requests(10, burst: 10)))
        pass(.milliseconds(100))
        #expect(limits.admit(client) == nil)
        #expect(limits.admit(client) == 1)
        limits.adjust(ClientLimits.Settings())
        for _ in 0..<100 { #expect(limits.admit(client) == nil) }
    }
}
