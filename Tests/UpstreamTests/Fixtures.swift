import CurlClient
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport
import Testing
import Upstream

let digest = known(Digest("sha256:" + String(repeating: "ab", count: 32)))
let repository = known(RepositoryName("library/debian"))
let latest = known(Reference("latest"))
let index = #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#

private func known<Value>(_ value: Value?) -> Value {
    guard let value else { preconditionFailure("the test's own value is malformed") }
    return value
}

/// Time that passes when told to.
final class ManualTime: Sendable {
    private let seconds = NIOLockedValueBox<Int64>(1_000_000)

    func advance(_ by: Int64) { seconds.withLockedValue { $0 += by } }
    var now: @Sendable () -> Int64 { { self.seconds.withLockedValue { $0 } } }
}

/// A client of a scripted server.
func makeClient(
    _ server: ScriptedHTTPServer, credentials: RegistryCredentials? = nil,
    source: (any CredentialSource)? = nil,
    settings: UpstreamClientSettings = .test, prefix: RepositoryName? = nil,
    time: ManualTime = ManualTime(), tokens: TokenCache? = nil, budget: RateBudget? = nil, gate: UpstreamGate? = nil,
    manifestRoom: ByteBudget? = nil
) throws -> UpstreamClient {
    let endpoint = try #require(
        UpstreamEndpoint(
            scheme: server.scheme == "https" ? .https : .http, host: "127.0.0.1", port: server.port, prefix: prefix))
    return UpstreamClient(
        endpoint: endpoint, credentials: credentials, credentialSource: source, settings: settings,
        curl: CurlClient(proxies: .none),
        tokens: tokens ?? TokenCache(now: time.now), userAgent: "entrepot/test", budget: budget, gate: gate,
        manifestRoom: manifestRoom,
        logger: Logger(label: "test"), now: time.now)
}

/// The kind of error that `work` throws; nil if none.
func kindOf(_ work: () async throws -> Void) async -> UpstreamError.Kind? {
    do {
        try await work()
        return nil
    } catch {
        return (error as? UpstreamError)?.kind
    }
}

extension UpstreamBlob {
    func collect() async throws -> ByteBuffer {
        var whole = ByteBuffer()
        while var piece = try await body.next() { whole.writeBuffer(&piece) }
        return whole
    }
}

extension TestResponse {
    static func manifest(_ text: String, type: String = "application/vnd.oci.image.index.v1+json") -> TestResponse {
        .answer(200, [("Content-Type", type)], text: text)
    }

    static func unauthorized(_ challenges: String...) -> TestResponse {
        .answer(401, challenges.map { ("WWW-Authenticate", $0) }, text: #"{"errors":[{"code":"UNAUTHORIZED"}]}"#)
    }
}
