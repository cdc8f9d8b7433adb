import TestSupport
import Testing
import Upstream

@testable import Registry

@Suite struct BreakerTests {
    /// As when a load balancer is started anew during a few pulls.
    @Test func manyFailuresOfOneMomentAreOneBlip() {
        var breaker = Breaker()
        let limits = ResilienceLimits.test(breakerFailures: 5, breakerPause: .seconds(10))
        let error = UpstreamError(.unavailable(status: 503), "busy")
        for _ in 0..<15 { breaker.failed(error, now: .zero, limits, jitter: 1) }
        #expect(breaker.state == .open(until: .seconds(10)))
        #expect(breaker.failures == 15)
        // A failed probe doubles the pause, and those that come with it do not.
        let isProbed = breaker.admits(now: .seconds(10))
        #expect(isProbed)
        for _ in 0..<15 { breaker.failed(error, now: .seconds(10), limits, jitter: 1) }
        #expect(breaker.state == .open(until: .seconds(30)))
    }
}
