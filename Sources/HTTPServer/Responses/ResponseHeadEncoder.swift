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
        if response.status == .ok {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        } else {
            buffer.writeString("HTTP/1.1 \(response.status.code) ")
            write(value: response.status.reasonPhrase, into: &buffer)
        }
        for (name, value) in response.headers where !Self.isOwn(name) {
            guard name.utf8.allSatisfy(ByteSet.token.contains), !name.isEmpty else { continue }
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            write(value: value, into: &buffer)
        }
        switch length {
        case .none: break
        case .known(let count):
            buffer.writeStaticString("Content-Length: ")
            buffer.writeString(String(count))
            buffer.writeStaticString("\r\n")
        case .chunked: buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        switch connection {
        case .none: break
        case .close: buffer.writeStaticString("Connection: close\r\n")
        case .keepAlive: buffer.writeStaticString("Connection: keep-alive\r\n")
        }
        buffer.writeString(date)
        buffer.writeString(constantLines)
        buffer.writeStaticString("X-Request-Id: ")
        buffer.writeString(requestID)
        buffer.writeStaticString("\r\n\r\n")
    }

    /// A value may come from a client or an upstream: bytes that could end the line become blanks.
    private func write(value: String, into buffer: inout ByteBuffer) {
        let start = buffer.writerIndex
        let count = buffer.writeString(value)
        buffer.withVeryUnsafeMutableBytes { bytes in
            for index in start..<(start + count) where bytes[index] < 0x20 && bytes[index] != 0x09 {
                bytes[index] = 0x20
            }
        }
        buffer.writeStaticString("\r\n")
    }

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
