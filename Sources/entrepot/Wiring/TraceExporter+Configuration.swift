import Configuration
import CurlClient
import Logging
import NIOCore
import Observability

extension TraceExporter {
    /// - Parameter queue: Where the tracer leaves the spans.
    init(_ section: TracingSection, queue: SpanQueue, curl: CurlClient) {
        var headers = CurlHeaders()
        headers.set("Content-Type", "application/json")
        headers.set("User-Agent", "entrepot/\(entrepotVersion)")
        for header in section.headers { headers.set(header.name, header.value.reveal()) }
        let settings = CurlSettings(
            trustRoots: section.caBundle.map { .bundle($0) } ?? .system, totalTimeout: .seconds(10))
        let request = CurlRequest(url: section.endpoint, method: .post, headers: headers, settings: settings)
        self.init(
            queue: queue,
            resource: section.resource.map { (key: $0.key, value: $0.value) } + [
                (key: "service.version", value: entrepotVersion)
            ], logger: Logger(.services)
        ) { body in
            var request = request
            request.body = ByteBuffer(string: body)
            do throws(CurlError) {
                let answer = try await curl.execute(request)
                // So that the connection can be used again; what it says beside the status is not needed.
                _ = try? await answer.body.collect(upTo: 64 << 10)
                switch answer.status {
                case 200..<300: return .taken
                case 429, 502, 503, 504: return .later(answer.headers["Retry-After"].flatMap { Int($0) })
                default: return .refused("it answered \(answer.status)")
                }
            } catch {
                return .later(nil)
            }
        }
    }
}
