import Access
import DistributionAPI
import HTTPServer
import Hashing
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import OCI
import Registry
import TestSupport
import Testing

/// Who gets in, and what those are told who do not.
@Suite(.timeLimit(.minutes(1))) struct GateTests {
    static let digest = "sha256:" + String(repeating: "a", count: 64)

    /// Has `alice` (ops) and `bob`, whose passwords are their names.
    static func access(
        global: AccessPolicy? = nil, local: AccessPolicy? = nil, fallback: DefaultAccess = .reads,
        bearer: (any BearerVerifier)? = nil, challenger: any Challenger = BasicChallenger()
    ) throws -> AccessControl {
        var users: [User] = []
        for (name, groups) in [("alice", ["ops"]), ("bob", [])] {
            users.append(
                User(
                    id: try #require(IdentityID(name)), username: try #require(Username(name)), groups: groups,
                    password: try hashes.get(name)))
        }
        var repositories: [RepositoryName: AccessPolicy] = [:]
        repositories[try #require(RepositoryName("local"))] = local
        return AccessControl(
            users: Users(users),
            policies: AccessPolicies(global: global, repositories: repositories, fallback: fallback),
            passwords: PasswordVerifier(pool: .singleton) { .uptimeNanoseconds(1_000_000_000_000) }, bearer: bearer,
            challenger: challenger)
    }

    /// Made once: hashing is slow on purpose.
    private static let hashes = Result<[String: PasswordHash], any Error> {
        var hashes: [String: PasswordHash] = [:]
        for name in ["alice", "bob"] { hashes[name] = try PasswordHash(hashing: Array(name.utf8), by: .argon2id) }
        return hashes
    }

    static func policy(_ defaultAllow: Bool, _ rules: String...) throws -> AccessPolicy {
        AccessPolicy(defaultAllow: defaultAllow, rules: try rules.map { try AccessRule($0) })
    }

    static let alice: HTTPHeaders = ["Authorization": "Basic YWxpY2U6YWxpY2U="]
    static let bob: HTTPHeaders = ["Authorization": "Basic Ym9iOmJvYg=="]
    static let wrong: HTTPHeaders = ["Authorization": "Basic YWxpY2U6Ym9i"]
    static let basic = #"Basic realm="Entrepot", charset="UTF-8""#

    static let writes: [(HTTPMethod, String)] = [
        (.POST, "local/x/blobs/uploads/"), (.PUT, "local/x/manifests/v1"), (.DELETE, "local/x/manifests/v1"),
        (.DELETE, "local/x/blobs/\(digest)"), (.PUT, "overlay/x/manifests/v1"), (.PUT, "mirror/x/manifests/v1"),
        (.PUT, "nowhere/x/manifests/v1"), (.PATCH, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000"),
        (.PUT, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000?digest=\(digest)"),
        (.DELETE, "local/x/blobs/uploads/00000000-0000-4000-8000-000000000000"),
    ]

    @Test(arguments: writes)
    func `nobody writes where nobody can say who they are`(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let response = await PushClient(shop, access: AccessControl(policies: AccessPolicies()))
                .send(method, "/v2/\(path)", "content")
            #expect(response.status == .forbidden)
            #expect(response.headers["WWW-Authenticate"] == [])
            let text = try await PushClient.text(response)
            #expect(text.contains("DENIED"))
            #expect(shop.objects.keys == [])
        }
    }

    @Test func `an upload belongs to who began it`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try Self.access(fallback: .reads))
            let begun = await client.send(.POST, "/v2/local/x/blobs/uploads/", "", Self.alice)
            let place = try #require(begun.headers.first(name: "Location"))
            let digest = Digest(hashing: ByteBuffer(string: "content"))
            for (method, target) in [
                (HTTPMethod.GET, place), (.PATCH, place), (.PUT, "\(place)?digest=\(digest)"), (.DELETE, place),
            ] {
                let response = await client.send(method, target, method == .GET ? "" : "other", Self.bob)
                #expect(response.status == .notFound)
                let text = try await PushClient.text(response)
                #expect(text.contains("BLOB_UPLOAD_UNKNOWN"))
            }
            #expect(await client.send(.PATCH, place, "content", Self.alice).status == .accepted)
            #expect(await client.send(.PUT, "\(place)?digest=\(digest)", "", Self.alice).status == .created)
        }
    }

    @Test func `an upload that another registry began belongs to nobody`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try Self.access(fallback: .reads))
            let id = UploadID()
            _ = try await shop.registry.startUpload(try shop.repository("local/x"), id)
            let response = await client.send(.PATCH, "/v2/local/x/blobs/uploads/\(id)", "content", Self.bob)
            #expect(response.status == .accepted)
        }
    }

    @Test(arguments: writes)
    func `who could say who they are is asked to`(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try Self.access())
            let response = await client.send(method, "/v2/\(path)", "content")
            #expect(response.status == .unauthorized)
            #expect(response.headers["WWW-Authenticate"] == [Self.basic])
            let text = try await PushClient.text(response)
            #expect(text.contains("UNAUTHORIZED"))
            #expect(shop.objects.keys == [])
            let known = await client.send(method, "/v2/\(path)", "content", Self.bob)
            #expect(known.status != .unauthorized && known.status != .forbidden)
        }
    }

    @Test(arguments: ["/v2/", "/v2/_catalog", "/v2/local/x/tags/list", "/v2/local/x/blobs/\(digest)"])
    func `wrong credentials are never taken for none`(path: String) async throws {
        try await Workshop.open { shop in
            for access in [try Self.access(), try Self.access(fallback: .open), AccessControl.open] {
                let response = await PushClient(shop, access: access).send(.GET, path, "", Self.wrong)
                #expect(response.status == .unauthorized)
            }
            let twice: HTTPHeaders = ["Authorization": "Basic YWxpY2U6YWxpY2U=", "authorization": "Basic Ym9iOmJvYg=="]
            let response = await PushClient(shop, access: try Self.access()).send(.GET, path, "", twice)
            #expect(response.status == .unauthorized)
        }
    }

    @Test func `reading is open as long as nothing else is said`() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/x")
            let client = PushClient(shop, access: try Self.access())
            for headers in [HTTPHeaders(), Self.alice] {
                #expect(await client.send(.GET, "/v2/", "", headers).status == .ok)
                #expect(await client.send(.GET, "/v2/local/x/blobs/\(digest)", "", headers).status == .ok)
            }
        }
    }

    @Test func `what exists and what does not look the same to who may not know`() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/x")
            let access = try Self.access(global: try Self.policy(false, "'ops' in identity.groups"))
            let client = PushClient(shop, access: access)
            let paths = [
                "local/x/blobs/\(digest)", "local/x/blobs/\(Self.digest)", "local/none/tags/list",
                "nowhere/x/manifests/v1", "mirror/x/manifests/v1", "mirror/x/manifests/v1?ns=unknown.example",
            ]
            for path in paths {
                let anonymous = await client.send(.GET, "/v2/\(path)")
                #expect(anonymous.status == .unauthorized)
                let stranger = await client.send(.GET, "/v2/\(path)", "", Self.bob)
                #expect(stranger.status == .forbidden)
                #expect(stranger.headers["WWW-Authenticate"] == [])
            }
            #expect(shop.upstream.questions == [])
            #expect(await client.send(.GET, "/v2/\(paths[0])", "", Self.alice).status == .ok)
            #expect(await client.send(.GET, "/v2/\(paths[3])", "", Self.alice).status == .notFound)
        }
    }

    @Test func `a login is asked for where nobody reads without one`() async throws {
        try await Workshop.open { shop in
            let members = try Self.policy(false, "identity.id != null")
            let client = PushClient(shop, access: try Self.access(global: members))
            let response = await client.send(.GET, "/v2/")
            #expect(response.status == .unauthorized)
            #expect(response.headers["WWW-Authenticate"] == [Self.basic])
            #expect(await client.send(.GET, "/v2/", "", Self.bob).status == .ok)
            // One closed namespace of several does not close the door.
            #expect(
                await PushClient(shop, access: try Self.access(local: members)).send(.GET, "/v2/").status == .ok)
        }
    }

    @Test func `probes are for everybody`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try Self.access(global: try Self.policy(false)))
            for path in ["/healthz", "/readyz"] {
                #expect(await client.send(.GET, path, "", Self.wrong).status == .ok)
            }
        }
    }

    @Test func `listings show what may be pulled`() async throws {
        try await Workshop.open { shop in
            for name in ["local/open", "local/secret", "strict/x"] {
                for tag in ["v1", "v2", "wip"] { try await PushClient(shop).pushImage(name, tag: tag, more: "") }
            }
            let access = try Self.access(
                global: try Self.policy(
                    true, "'ops' in identity.groups ? false : repository.name == 'local/secret'",
                    "identity.id == null && request.tag == 'wip'", "identity.id == null && request.tag == 'v1'"))
            let client = PushClient(shop, access: access)
            let all = try await PushClient.text(await client.send(.GET, "/v2/_catalog", "", Self.alice))
            #expect(all == #"{"repositories":["local/open","local/secret","strict/x"]}"#)
            let some = await client.send(.GET, "/v2/_catalog?n=1", "", Self.bob)
            #expect(some.headers["Link"] == ["</v2/_catalog?n=1&last=local/open>; rel=\"next\""])
            let rest = await client.send(.GET, "/v2/_catalog?n=1&last=local/open", "", Self.bob)
            #expect(try await PushClient.text(rest) == #"{"repositories":["strict/x"]}"#)
            let tags = await client.send(.GET, "/v2/local/open/tags/list?n=1")
            #expect(tags.headers["Link"] == [])
            #expect(try await PushClient.text(tags) == #"{"name":"local/open","tags":["v2"]}"#)
            let known = await client.send(.GET, "/v2/local/open/tags/list?n=2", "", Self.bob)
            #expect(try await PushClient.text(known) == #"{"name":"local/open","tags":["v1","v2"]}"#)
            #expect(known.headers["Link"].count == 1)
        }
    }

    @Test func `a rule that fails while a list is made is told of once`() async throws {
        try await Workshop.open { shop in
            for name in ["local/one", "local/two"] { try await PushClient(shop).pushImage(name, tag: "v1") }
            let access = try Self.access(
                global: try Self.policy(true, "request.action == 'get-manifest' && request.tag.startsWith('x')"))
            let log = LoggedLines()
            let api = DistributionAPI(
                registry: shop.registry, namespaces: shop.namespaces, readiness: Readiness(), access: access,
                logger: Logger(label: "test") { _ in log })
            let list = await api.respond(to: Request(target: "/v2/_catalog"))
            #expect(try await PushClient.text(list) == #"{"repositories":[]}"#)
            #expect(log.messages == ["an access rule failed, which denies"])
        }
    }

    @Test func `a blob is mounted only from where its mounter may pull`() async throws {
        try await Workshop.open { shop in
            let digest = try await PushClient(shop).push("content", to: "local/secret")
            let access = try Self.access(
                global: try Self.policy(
                    true, "repository.name == 'local/secret' && !('ops' in identity.groups)"))
            let client = PushClient(shop, access: access)
            for from in ["&from=local/secret", "&from=local/none", ""] {
                let target = "/v2/local/mine/blobs/uploads/?mount=\(digest)\(from)"
                #expect(await client.send(.POST, target, "", Self.bob).status == .accepted)
            }
            for from in ["&from=local/secret", ""] {
                let target = "/v2/local/theirs/blobs/uploads/?mount=\(digest)\(from)"
                #expect(await client.send(.POST, target, "", Self.alice).status == .created)
            }
        }
    }

    @Test func `tags beside a digest are judged like the path's`() async throws {
        try await Workshop.open { shop in
            let (digest, manifest) = try await PushClient(shop).pushImage("local/x", tag: nil)
            let access = try Self.access(
                global: try Self.policy(true, "request.operation == 'push' && request.tag == 'latest'"))
            let client = PushClient(shop, access: access)
            let headers: HTTPHeaders = ["Content-Type": MediaType.imageManifest.value]
            let path = "/v2/local/x/manifests/\(digest)"
            #expect(await client.send(.PUT, "\(path)?tag=v1", manifest, headers).status == .created)
            #expect(await client.send(.PUT, "\(path)?tag=v2&tag=latest", manifest, headers).status == .unauthorized)
            #expect(await client.send(.GET, "/v2/local/x/manifests/v2").status == .notFound)
        }
    }

    @Test func `a certificate says who somebody is`() async throws {
        let certificates = try TestCertificates()
        let certificate = try #require(try NIOSSLCertificate.fromPEMFile(certificates.client).first)
        try await Workshop.open { shop in
            let access = AccessControl(
                policies: AccessPolicies(
                    global: try Self.policy(
                        false,
                        "identity.id == null && identity.certificate.common_names == ['client'] "
                            + "&& 'Test client' in identity.certificate.organizations "
                            + "&& cidr('192.0.2.0/24').containsIP(identity.client_ip)")))
            let api = PushClient(shop, access: access).api
            for (address, presented, status) in [
                ("192.0.2.1", [certificate], HTTPResponseStatus.ok), ("198.51.100.1", [certificate], .forbidden),
                ("192.0.2.1", [], .forbidden), ("::ffff:192.0.2.1", [certificate], .ok),
            ] {
                let response = await api.respond(
                    to: Request(
                        target: "/v2/_catalog", clientAddress: try SocketAddress(ipAddress: address, port: 1),
                        isSecure: true, clientCertificates: presented))
                #expect(response.status == status)
            }
        }
    }

    @Test func `whom a certificate names needs no invitation to log in`() async throws {
        let certificates = try TestCertificates()
        let certificate = try #require(try NIOSSLCertificate.fromPEMFile(certificates.client).first)
        try await Workshop.open { shop in
            let access = try Self.access(
                global: Self.policy(false, "identity.id != null || identity.certificate.common_names == ['client']"))
            let api = PushClient(shop, access: access).api
            for (presented, status) in [([certificate], HTTPResponseStatus.ok), ([], .unauthorized)] {
                let response = await api.respond(
                    to: Request(target: "/v2/", isSecure: true, clientCertificates: presented))
                #expect(response.status == status)
            }
        }
    }

    @Test func `too many wrong passwords are told to wait`() async throws {
        try await Workshop.open { shop in
            let client = PushClient(shop, access: try Self.access())
            for number in 0..<10 {
                let guess = Words("alice:guess \(number)").base64
                let response = await client.send(.GET, "/v2/", "", ["Authorization": "Basic \(guess)"])
                #expect(response.status == .unauthorized)
            }
            let response = await client.send(.GET, "/v2/", "", Self.wrong)
            #expect(response.status == .tooManyRequests)
            #expect(response.headers["Retry-After"] == ["10"])
        }
    }

    // MARK: Tokens

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
            let access = try Self.access(bearer: OneToken(), challenger: Referral())
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

    // MARK: Administration

    @Test(arguments: [
        (HTTPMethod.GET, "fills", [401, 200, 403]), (.POST, "purge?repository=mirror/x", [401, 200, 403]),
        (.POST, "purge?prefix=mirror", [401, 200, 403]), (.POST, "purge?repository=local/x", [401, 403, 403]),
        (.POST, "refresh?prefix=local", [401, 403, 403]), (.POST, "refresh?prefix=local/x", [401, 403, 403]),
    ])
    func `policy lets in who administers, and a namespace may keep them out`(
        method: HTTPMethod, path: String, expected: [UInt]
    ) async throws {
        try await Workshop.open { shop in
            let access = try Self.access(
                global: try Self.policy(false, "'ops' in identity.groups"),
                local: try Self.policy(true, "request.operation == 'admin'"))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let api = AdminAPI(
                next: PushClient(shop, access: access).api, registry: shop.registry, namespaces: shop.namespaces,
                token: nil, access: access, logger: logger)
            for (headers, status) in zip([HTTPHeaders(), Self.alice, Self.bob], expected) {
                let response = await api.respond(
                    to: Request(method: method, target: "/_entrepot/\(path)", headers: headers))
                #expect(response.status.code == status)
            }
            let response = await api.respond(
                to: Request(method: method, target: "/_entrepot/\(path)", headers: Self.wrong))
            #expect(response.status == .unauthorized)
        }
    }

    /// Only one namespace has a policy, so that nothing else would hide its name.
    @Test(arguments: [
        (HTTPMethod.GET, "manifests/v1"), (.HEAD, "manifests/v1"), (.GET, "blobs/\(digest)"), (.GET, "tags/list"),
        (.GET, "referrers/\(digest)"), (.PUT, "manifests/v1"), (.POST, "blobs/uploads/"), (.DELETE, "manifests/v1"),
        (.GET, "manifests/v1?ns=unknown.example"),
    ])
    func `a namespace that is closed looks like one that is not there`(method: HTTPMethod, path: String) async throws {
        try await Workshop.open { shop in
            let client = PushClient(
                shop, access: try Self.access(local: try Self.policy(false, "identity.id == 'alice'")))
            for headers in [HTTPHeaders(), Self.bob] {
                let closed = await client.send(method, "/v2/local/x/\(path)", "content", headers)
                let absent = await client.send(method, "/v2/nowhere/x/\(path)", "content", headers)
                #expect(closed.status == absent.status)
                #expect(absent.status == (headers.isEmpty ? .unauthorized : .forbidden))
                func seen(_ response: Response) -> [String] {
                    response.headers.map { "\($0.name): \($0.value)".replacing("local", with: "nowhere") }.sorted()
                }
                #expect(seen(closed) == seen(absent))
                let texts = (try await PushClient.text(closed), try await PushClient.text(absent))
                #expect(texts.0.replacing("local", with: "nowhere") == texts.1)
            }
        }
    }

    /// What the query of an upload names is what policy sees, as `policy explain` says.
    @Test func `an upload is judged by the digest that its query names`() async throws {
        try await Workshop.open { shop in
            let allowed = Digest(hashing: ByteBuffer(string: "content"))
            let source = try await PushClient(shop).push("content", to: "overlay/source")
            #expect(source == allowed)
            let policy = try Self.policy(
                false, "request.operation == 'pull'",
                "request.operation == 'push' && (request.digest == null || request.digest == '\(allowed)')")
            let client = PushClient(shop, access: try Self.access(global: policy))
            let begun = await client.send(.POST, "/v2/local/x/blobs/uploads/", "", Self.alice)
            #expect(begun.status == .accepted)
            let place = try #require(begun.headers.first(name: "Location"))
            let join = place.contains("?") ? "&" : "?"
            for (method, target, content, status) in [
                (HTTPMethod.PUT, "\(place)\(join)digest=\(Self.digest)", "content", 403),
                (.PUT, "\(place)\(join)digest=\(allowed)", "content", 201),
                (.POST, "/v2/local/x/blobs/uploads/?digest=\(Self.digest)", "content", 403),
                (.POST, "/v2/local/x/blobs/uploads/?digest=\(allowed)", "content", 201),
                (.POST, "/v2/local/y/blobs/uploads/?mount=\(Self.digest)&from=overlay/source", "", 403),
                (.POST, "/v2/local/y/blobs/uploads/?mount=\(allowed)&from=overlay/source", "", 201),
                (.POST, "/v2/local/y/blobs/uploads/?mount=\(Self.digest)&digest=\(allowed)", "content", 403),
            ] {
                let answer = await client.send(method, target, content, Self.alice)
                #expect(Int(answer.status.code) == status, "\(method) \(target)")
            }
        }
    }
}

/// Base64 for the few words of these tests.
private struct Words {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    var base64: String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | (start + $1 < bytes.count ? Int(bytes[start + $1]) : 0) }
            for place in 0..<4 {
                text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }
}

extension Result where Success == [String: PasswordHash], Failure == any Error {
    fileprivate func get(_ name: String) throws -> PasswordHash { try #require(try get()[name]) }
}
