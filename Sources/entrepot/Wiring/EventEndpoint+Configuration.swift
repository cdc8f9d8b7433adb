import Configuration
import CurlClient
import Events
import Logging
import NIOCore
import Observability

extension EventEndpoint {
    /// - Parameter root: Where this process keeps files of its own.
    /// - Throws: If there can be no queue.
    convenience init(_ section: NotificationEndpointSection, root: String, curl: CurlClient) throws {
        var headers = CurlHeaders()
        headers.set("User-Agent", "entrepot/\(entrepotVersion)")
        for header in section.headers { headers.set(header.name, header.value.reveal()) }
        let request = CurlRequest(
            url: section.url.reveal(), method: .post, headers: headers,
            settings: CurlSettings(
                trustRoots: section.caBundle.map { .bundle($0) } ?? .system, totalTimeout: section.timeout.duration))
        try self.init(
            EventEndpoint.Settings(
                name: section.name, format: section.format, actions: Set(section.actions),
                folder: "\(root)/.entrepot/events/\(section.name)", limit: section.maxQueue.bytes,
                instance: HostIdentity.name, secret: section.secret.map { Array($0.reveal().utf8) }),
            logger: Logger(.services),
            send: { body, fields in await Self.send(body, fields, request, curl) })
    }

    private static func send(
        _ body: [UInt8], _ fields: [(name: String, value: String)], _ request: CurlRequest, _ curl: CurlClient
    ) async -> Answer {
        var request = request
        request.body = ByteBuffer(bytes: body)
        for (name, value) in fields { request.headers.set(name, value) }
        do throws(CurlError) {
            let answer = try await curl.execute(request)
            // So that the connection can be used again; what it says beside the status is not needed.
            _ = try? await answer.body.collect(upTo: 64 << 10)
            switch answer.status {
            case 200..<300: return .taken
            case 408, 429, 500...:
                return .later("it answered \(answer.status)", answer.headers["Retry-After"].flatMap { Int($0) })
            default: return .refused("it answered \(answer.status)")
            }
        } catch {
            return .later("\(error)", nil)
        }
    }
}
