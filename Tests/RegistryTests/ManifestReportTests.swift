import OCI
import Testing
import Upstream

@testable import Registry

@Suite struct ManifestReportTests {
    /// What failed on the way of one replica may work on that of another.
    @Test(arguments: [
        (RegistryError(.manifestUnknown, "absent"), true), (RegistryError(.denied, "denied"), true),
        (RegistryError(.unauthorized, "who"), true),
        (
            RegistryError(
                .tooManyRequests, "limit", retryAfter: 5, cause: UpstreamError(.rateLimited(retryAfter: 5), "limit")),
            true
        ),
        (
            RegistryError(
                .tooManyRequests, "own limit", retryAfter: 5, cause: UpstreamError(.capped(retryAfter: 5), "own limit")),
            false
        ),
        (RegistryError(.unavailable, status: 502, "refused"), false),
        (RegistryError(.unavailable, status: 503, "busy"), false),
        (RegistryError(.unavailable, status: 504, "late"), false),
    ])
    func onlyTheUpstreamsWordIsToldToOtherReplicas(error: RegistryError, isTold: Bool) throws {
        let report = ManifestReport(.failure(error))
        #expect((report != nil) == isTold)
        #expect(report?.error?.status == (isTold ? error.status : nil))
    }
}
