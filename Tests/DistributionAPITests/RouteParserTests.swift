@testable import DistributionAPI
import NIOHTTP1
import OCI
import Testing

@Suite struct RouteParserTests {
    static let digest = "sha256:" + String(repeating: "0", count: 64)

    @Test(
        arguments: [
            (HTTPMethod.GET, "/v2/", "get-api-version", nil), (.GET, "/v2", "get-api-version", nil),
            (.HEAD, "/v2/", "get-api-version", nil), (.GET, "/healthz", "healthz", nil),
            (.GET, "/readyz", "readyz", nil), (.HEAD, "/startupz", "startupz", nil),
            (.GET, "/v2/_catalog", "list-catalog", nil),
            (.GET, "/v2/a/blobs/\(digest)", "get-blob", "a"), (.HEAD, "/v2/a/b/c/blobs/\(digest)", "get-blob", "a/b/c"),
            (.GET, "/v2/a/blobs/sha256%3A\(digest.dropFirst(7))", "get-blob", "a"),
            (.DELETE, "/v2/a/blobs/\(digest)", "delete-blob", "a"),
            (.GET, "/v2/a/manifests/v1", "get-manifest", "a"), (.PUT, "/v2/a/manifests/\(digest)", "put-manifest", "a"),
            (.DELETE, "/v2/a/manifests/v1", "delete-manifest", "a"),
            (.GET, "/v2/a/tags/list", "list-tags", "a"), (.GET, "/v2/manifests/tags/list", "list-tags", "manifests"),
            (.GET, "/v2/blobs/uploads/manifests/x", "get-manifest", "blobs/uploads"),
            (.GET, "/v2/a/referrers/\(digest)", "get-referrers", "a"),
            (.POST, "/v2/a/blobs/uploads/", "start-upload", "a"), (.POST, "/v2/a/blobs/uploads", "start-upload", "a"),
            (.PATCH, "/v2/a/blobs/uploads/xyz", "update-upload", "a"),
            (.PUT, "/v2/a/blobs/uploads/xyz", "complete-upload", "a"),
            (.GET, "/v2/a/blobs/uploads/xyz", "get-upload", "a"),
            (.DELETE, "/v2/a/blobs/uploads/xyz", "cancel-upload", "a"),
        ] as [(HTTPMethod, String, String, String?)])
    func paths(method: HTTPMethod, path: String, action: String, name: String?) throws {
        let parsed = try RouteParser.action(method, path)
        #expect(Action.names.contains(parsed.name))
        #expect(parsed.name == action)
        #expect(parsed.repository?.value == name)
    }

    @Test(arguments: [
        (HTTPMethod.GET, "/", RegistryError.Code.unsupported, 404), (.GET, "/v1/x", .unsupported, 404),
        (.GET, "", .unsupported, 404), (.GET, "x/v2/a/manifests/v1", .unsupported, 404),
        (.GET, "v2/a/manifests/v1", .unsupported, 404),
        (.GET, "/v2/a", .unsupported, 404), (.GET, "/v2/a/b", .unsupported, 404),
        (.GET, "/v2/a/b/c/d", .unsupported, 404),
        (.POST, "/v2/", .unsupported, 405), (.POST, "/v2/a/manifests/v1", .unsupported, 405),
        (.GET, "/v2/a/blobs/uploads/", .unsupported, 405), (.PUT, "/v2/a/tags/list", .unsupported, 405),
        (.GET, "/v2/A/manifests/v1", .nameInvalid, 400), (.GET, "/v2//manifests/v1", .nameInvalid, 400),
        (.GET, "/v2/../../etc/manifests/v1", .nameInvalid, 400), (.GET, "/v2/%2e%2e/manifests/v1", .nameInvalid, 400),
        (.GET, "/v2/a/blobs/sha256:short", .digestInvalid, 400), (.GET, "/v2/a/blobs/latest", .digestInvalid, 400),
        (.GET, "/v2/a/manifests/sha256:x", .digestInvalid, 400), (.GET, "/v2/a/manifests/.bad", .manifestUnknown, 404),
        (.GET, "/v2/a%2Fb/manifests/v1", .nameInvalid, 400), (.PUT, "/v2/a%2fb/manifests/v1", .nameInvalid, 400),
        (.POST, "/v2/a%2Fb/blobs/uploads/", .nameInvalid, 400), (.DELETE, "/v2/a/tags%2Flist", .nameInvalid, 400),
        (.PATCH, "/v2/a%2Fb/blobs/uploads/xyz", .nameInvalid, 400), (.GET, "/%76%32%2Fa/tags/list", .nameInvalid, 400),
        (.GET, "/v2/a/manifests/%zz", .nameInvalid, 400), (.GET, "/v2/a/manifests/%ff", .nameInvalid, 400),
    ])
    func badPaths(method: HTTPMethod, path: String, code: RegistryError.Code, status: Int) {
        let error = #expect(throws: RegistryError.self) { try RouteParser.action(method, path) }
        #expect(error?.code == code)
        #expect(error?.status == status)
        #expect((error?.allowedMethods != nil) == (status == 405))
    }

    @Test(arguments: [
        ("/healthz", "GET, HEAD"), ("/v2/", "GET, HEAD"), ("/v2/_catalog", "GET, HEAD"),
        ("/v2/a/tags/list", "GET, HEAD"),
        ("/v2/a/referrers/\(digest)", "GET, HEAD"), ("/v2/a/blobs/\(digest)", "GET, HEAD, DELETE"),
        ("/v2/a/manifests/v1", "GET, HEAD, PUT, DELETE"), ("/v2/a/blobs/uploads/", "POST"),
        ("/v2/a/blobs/uploads/xyz", "GET, HEAD, PATCH, PUT, DELETE"),
    ])
    func aMethodThatThePathDoesNotTakeIsAnsweredWithThoseItDoes(path: String, allowed: String) throws {
        let all: [HTTPMethod] = [.GET, .HEAD, .POST, .PATCH, .PUT, .DELETE, .OPTIONS, .RAW(value: "BREW")]
        for method in all {
            let takes = allowed.split(separator: ", ").contains { $0 == method.rawValue }
            guard !takes else {
                _ = try RouteParser.action(method, path)
                continue
            }
            let error = #expect(throws: RegistryError.self) { try RouteParser.action(method, path) }
            #expect(error?.status == 405)
            #expect(error?.allowedMethods?.joined(separator: ", ") == allowed)
        }
    }
}
