import Access
import DistributionAPI
import HTTPServer
import Logging
import NIOHTTP1
import Registry
import TestSupport
import Testing

/// Who may administer.
@Suite(.timeLimit(.minutes(1))) struct AdminAccessTests {
    @Test(arguments: [
        (HTTPMethod.GET, "fills", [401, 200, 403]), (.POST, "purge?repository=mirror/x", [401, 200, 403]),
        (.POST, "purge?prefix=mirror", [401, 200, 403]), (.POST, "purge?repository=local/x", [401, 403, 403]),
        (.POST, "refresh?prefix=local", [401, 403, 403]), (.POST, "refresh?prefix=local/x", [401, 403, 403]),
    ])
    func `policy lets in who administers, and a namespace may keep them out`(
        method: HTTPMethod, path: String, expected: [UInt]
    ) async throws {
        try await Workshop.open { shop in
            let access = try TestUsers.access(
                global: try TestUsers.policy(false, "'ops' in identity.groups"),
                local: try TestUsers.policy(true, "request.operation == 'admin'"))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let api = AdminAPI(
                next: PushClient(shop, access: access).api, registry: shop.registry, namespaces: shop.namespaces,
                token: nil, access: access, logger: logger)
            for (headers, status) in zip([HTTPHeaders(), TestUsers.alice, TestUsers.bob], expected) {
                let response = await api.respond(
                    to: Request(method: method, target: "/_entrepot/\(path)", headers: headers))
                #expect(response.status.code == status)
            }
            let response = await api.respond(
                to: Request(method: method, target: "/_entrepot/\(path)", headers: TestUsers.wrong))
            #expect(response.status == .unauthorized)
        }
    }
}
