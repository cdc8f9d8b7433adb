import Access
import HTTPServer
import NIOHTTP1
import TestSupport
import Testing

/// What those are told who show no token, or one that is not enough.
@Suite(.timeLimit(.minutes(1))) struct ChallengeTests {
    /// Takes the token `good`, which lets anybody pull `local/x`.
    private struct OneToken: BearerVerifier {
        func identity(for token: String, origin: ClientOrigin) async throws(CredentialError) -> Identity {
            guard token == "good" else { throw .invalidToken("it is another") }
            return Identity(
                origin: origin, grants: [ResourceAccess(type: "repository", name: "local/x", actions: ["pull"])])
        }
    }

    private struct Referral: Challenger {
        var servesAnonymousClients: Bool { true }

        func challenges(_ occasion: ChallengeOccasion) -> [String] {
            let scope = occasion.wanted.map { "\($0.type):\($0.name):\($0.actions.joined(separator: ","))" }
            return ["\(occasion.host ?? "-") \(scope) \(occasion.failure?.rawValue ?? "-")"]
        }
    }

    @Test func `who shows no token is sent for one, and told what it must grant`() async throws {
        try await Workshop.open { shop in
            let access = try TestUsers.access(bearer: OneToken(), challenger: Referral())
            let client = PushClient(shop, access: access)
            let manifest = "/v2/local/x/manifests/v1"
            for (method, path, token, status, challenge) in [
                (HTTPMethod.GET, "/v2/", nil, HTTPResponseStatus.unauthorized, "h [] -"),
                (.GET, "/v2/", "good", .ok, nil), (.GET, "/v2/", "bad", .unauthorized, "h [] invalid_token"),
                (.GET, manifest, nil, .notFound, nil), (.GET, manifest, "good", .notFound, nil),
                (
                    .GET, "/v2/local/y/manifests/v1", "good", .unauthorized,
                    #"h ["repository:local/y:pull"] insufficient_scope"#
                ),
                (.PUT, manifest, nil, .unauthorized, #"h ["repository:local/x:pull,push"] -"#),
                (.GET, "/v2/_catalog", "good", .unauthorized, #"h ["registry:catalog:*"] insufficient_scope"#),
            ] {
                var headers: HTTPHeaders = ["Host": "h"]
                if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
                let response = await client.send(method, path, "", headers)
                #expect(response.status == status, "\(method) \(path) \(token ?? "-")")
                #expect(response.headers["WWW-Authenticate"] == (challenge.map { [$0] } ?? []))
            }
        }
    }
}
