internal import NIOCore
internal import NIOHTTP1
internal import OCI

@testable internal import DistributionAPI
@testable internal import HTTPServer

extension FuzzTarget {
    /// A head is the same however it arrives, and nothing behind it is touched.
    static func readHead(_ bytes: [UInt8]) throws(FuzzFinding) {
        var whole = ByteBuffer(bytes: bytes)
        var parser = RequestHeadParser()
        let head = try? parser.next(from: &whole, maxBytes: 4096)
        guard let head else { return }
        guard
            head.headers.allSatisfy({ !$0.name.isEmpty && !$0.value.utf8.contains { $0 == 10 || $0 == 13 || $0 == 0 } })
        else { throw FuzzFinding("a field holds a line feed") }
        let length = bytes.count - whole.readableBytes
        var pieces = RequestHeadParser()
        var buffer = ByteBuffer()
        for (index, byte) in bytes[..<length].enumerated() {
            buffer.writeInteger(byte)
            let found: RequestHead?
            do throws(RequestError) {
                found = try pieces.next(from: &buffer, maxBytes: 4096)
            } catch {
                throw FuzzFinding("in pieces it is refused: \(error)")
            }
            guard (found == nil) == (index < length - 1) else { throw FuzzFinding("in pieces it ends elsewhere") }
            if let found, found != head { throw FuzzFinding("in pieces it is another") }
        }
    }

    /// A body is the same however it arrives.
    static func readBody(_ bytes: [UInt8]) throws(FuzzFinding) {
        func decode(by size: Int) -> (body: [UInt8], rest: Int)? {
            var decoder = RequestBodyDecoder(.chunked)
            var buffer = ByteBuffer()
            var given = 0
            var body: [UInt8] = []
            while true {
                guard let step = try? decoder.next(from: &buffer) else { return nil }
                switch step {
                case .data(let data): body += data.readableBytesView
                case .finished: return (body, buffer.readableBytes + bytes.count - given)
                case .needsMore:
                    guard given < bytes.count else { return nil }
                    let next = min(bytes.count, given + size)
                    buffer.writeBytes(bytes[given..<next])
                    given = next
                }
            }
        }
        let whole = decode(by: max(bytes.count, 1))
        let pieces = decode(by: 1)
        guard whole?.body == pieces?.body, whole?.rest == pieces?.rest else {
            throw FuzzFinding("in pieces the body is another")
        }
        if let whole, whole.body.count > bytes.count { throw FuzzFinding("the body is longer than what was sent") }
    }

    static func readProxies(_ bytes: [UInt8]) throws(FuzzFinding) {
        var buffer = ByteBuffer(bytes: bytes)
        if let source = try? ProxyHeader.take(from: &buffer) {
            if case .proxied(let address) = source, address.ipAddress == nil { throw FuzzFinding("no address") }
        }
        _ = try? ForwardedField(text(bytes))
        let lines = text(bytes).split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        var headers = HTTPHeaders()
        for (name, line) in zip(["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"], lines) {
            headers.add(name: name, value: String(line))
        }
        let source = try? SocketAddress(ipAddress: "127.0.0.1", port: 1)
        _ = try? Forwarding(headers, from: source, through: TrustedProxies { _ in true })
    }

    /// A route names what the path names: nothing is made up, and a name has one way to be written.
    static func readRoute(_ bytes: [UInt8]) throws(FuzzFinding) {
        let parts = text(bytes).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        for method in [HTTPMethod.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE] {
            guard let action = try? RouteParser.action(method, path) else { continue }
            guard let repository = action.repository else { continue }
            guard RepositoryName(repository.value) == repository else { throw FuzzFinding("a name that is none") }
            guard path.contains("%") || path.hasPrefix("/v2/\(repository)/") else {
                throw FuzzFinding("a name that is not in the path")
            }
        }
        guard parts.count > 1, let query = try? Query(String(parts[1])) else { return }
        guard query.fields.count <= Query.mostFields else { throw FuzzFinding("more fields than may be") }
        _ = (try? query.digest("digest"), try? query.limit(), query.all("from"))
    }

    /// What is meant of a content lies within it.
    static func readRange(_ bytes: [UInt8]) throws(FuzzFinding) {
        guard let range = ByteRange(header: text(bytes)) else { return }
        for size in [0, 1, 10, Int64.max] {
            guard let resolved = range.resolved(size: size) else { continue }
            guard !resolved.isEmpty, resolved.lowerBound >= 0, resolved.upperBound <= size else {
                throw FuzzFinding("\(resolved) is not within \(size) bytes")
            }
        }
    }
}
