import ArgumentParser
import Configuration

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// One GET over a plain socket: a health check every few seconds must not start a whole HTTP client.
struct HealthProbe {
    private let host: String
    private let port: Int
    private let path: String
    private let usesTLS: Bool

    private static let timeoutSeconds = 5

    init(_ server: ServerSection) {
        // A server that listens everywhere is asked where this process is.
        host =
            switch server.bindAddress.host {
            case "0.0.0.0": "127.0.0.1"
            case "::": "::1"
            default: server.bindAddress.host
            }
        port = server.port
        path = "/healthz"
        usesTLS = server.tls != nil
    }

    init(url: String) throws {
        let parsed: UpstreamURL
        let schemeEnd = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let slash = url[schemeEnd...].firstIndex(of: "/") ?? url.endIndex
        do throws(UpstreamURLError) {
            parsed = try UpstreamURL(String(url[..<slash]))
        } catch {
            throw ValidationError("--url \(error.message); \(error.remedy).")
        }
        let path = slash == url.endIndex ? "/healthz" : String(url[slash...])
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValidationError("--url has a path with spaces or control characters; remove them.")
        }
        host = parsed.host
        usesTLS = parsed.scheme == .https
        port = parsed.port ?? (usesTLS ? 443 : 80)
        self.path = path
    }

    var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    func run() throws(HealthProbeError) {
        let descriptor = try connected()
        defer { close(descriptor) }
        guard !usesTLS else { return }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw HealthProbeError(message: "cannot send: \(HealthProbe.lastError)")
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 512)
        while !answer.contains(UInt8(ascii: "\n")), answer.count < 4096 {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else {
                throw HealthProbeError(message: count == 0 ? "closed without an answer" : HealthProbe.lastError)
            }
            answer += chunk[..<count]
        }
        let status = String(decoding: answer.prefix { $0 != UInt8(ascii: "\r") && $0 != 10 }, as: UTF8.self)
        guard status.hasPrefix("HTTP/1."), status.dropFirst(8).hasPrefix(" 200") else {
            throw HealthProbeError(message: "it answered '\(status)'")
        }
    }

    private func connected() throws(HealthProbeError) -> Int32 {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else { throw HealthProbeError(message: String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            let descriptor = socket(entry.ai_family, entry.ai_socktype, entry.ai_protocol)
            guard descriptor >= 0 else { continue }
            var limit = timeval(tv_sec: HealthProbe.timeoutSeconds, tv_usec: 0)
            for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            if connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return descriptor }
            reason = HealthProbe.lastError
            close(descriptor)
        }
        throw HealthProbeError(message: reason)
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}

struct HealthProbeError: Error {
    let message: String
}
