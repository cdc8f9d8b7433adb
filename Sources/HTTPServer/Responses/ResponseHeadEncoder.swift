import NIOCore
import NIOHTTP1

/// Writes response heads.
struct ResponseHeadEncoder {
    enum Length {
        case none
        case known(Int64)
        case chunked
    }

    enum ConnectionField {
        case none
        case close
        case keepAlive
    }

    /// What every answer says, with its CRLFs. No browser shall take content that strangers pushed for a page.
    let constantLines: String

    init(serverName: String) { constantLines = "Server: \(serverName)\r\nX-Content-Type-Options: nosniff\r\n" }

    func encode(
        _ response: Response, length: Length, connection: ConnectionField, requestID: String, date: String,
        into buffer: inout ByteBuffer
    ) {
        let bound =
            Self.fixedBound + constantLines.utf8.count + date.utf8.count + requestID.utf8.count
            + response.status.reasonPhrase.utf8.count
            + response.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { bytes in
            var head = HeadWriter(bytes)
            if response.status == .ok {
                head.write("HTTP/1.1 200 OK\r\n")
            } else {
                head.write("HTTP/1.1 ")
                head.write(number: Int64(response.status.code))
                head.write(" ")
                head.writeValue(response.status.reasonPhrase)
            }
            for (name, value) in response.headers where !Self.isOwn(name) {
                if head.writeName(name) { head.writeValue(value) }
            }
            switch length {
            case .none: break
            case .known(let count):
                head.write("Content-Length: ")
                head.write(number: count)
                head.write("\r\n")
            case .chunked: head.write("Transfer-Encoding: chunked\r\n")
            }
            switch connection {
            case .none: break
            case .close: head.write("Connection: close\r\n")
            case .keepAlive: head.write("Connection: keep-alive\r\n")
            }
            head.write(date)
            head.write(constantLines)
            head.write("X-Request-Id: ")
            head.write(requestID)
            head.write("\r\n\r\n")
            return head.count
        }
    }

    /// What the edge's own lines take at most, with their numbers.
    private static let fixedBound = 256

    /// Fields that only the edge writes.
    private static func isOwn(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: isSame(name, "date")
        case 6: isSame(name, "server")
        case 10: isSame(name, "connection") || isSame(name, "keep-alive")
        case 12: isSame(name, "x-request-id")
        case 14: isSame(name, "content-length")
        case 17: isSame(name, "transfer-encoding")
        default: false
        }
    }

    private static func isSame(_ name: String, _ lowercased: StaticString) -> Bool {
        var index = 0
        for byte in name.utf8 {
            let lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            guard lower == lowercased.utf8Start[index] else { return false }
            index += 1
        }
        return true
    }
}
