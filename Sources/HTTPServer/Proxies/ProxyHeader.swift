import NIOCore

/// The header that a proxy puts before a connection's bytes: the PROXY protocol, versions 1 and 2. Pure: no I/O.
enum ProxyHeader {
    /// Takes the header off the front of a buffer.
    /// - Returns: nil while it is incomplete.
    static func take(from buffer: inout ByteBuffer) throws(ProxyHeaderError) -> ConnectionSource? {
        let bytes = buffer.readableBytesView
        if bytes.starts(with: signature.prefix(bytes.count)) {
            guard bytes.count >= 16 else { return nil }
            return try takeBinary(from: &buffer)
        }
        guard bytes.starts(with: "PROXY ".utf8.prefix(bytes.count)) else {
            throw ProxyHeaderError(what: "there is no header of the PROXY protocol")
        }
        return try takeText(from: &buffer)
    }

    // MARK: Version 1

    private static func takeText(from buffer: inout ByteBuffer) throws(ProxyHeaderError) -> ConnectionSource? {
        let bytes = buffer.readableBytesView.prefix(longestText)
        guard let feed = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            guard bytes.count < longestText else { throw ProxyHeaderError(what: "the line is longer than 107 bytes") }
            return nil
        }
        let line = bytes[..<feed].dropLast()
        guard bytes[..<feed].last == UInt8(ascii: "\r"), line.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw ProxyHeaderError(what: "the line does not end in CRLF, or holds a byte that is not printable")
        }
        let words = String(decoding: line, as: UTF8.self)
            .split(separator: " ", omittingEmptySubsequences: false)
        let source = try source(words.dropFirst())
        buffer.moveReaderIndex(to: feed + 1)
        return source
    }

    private static func source(_ words: ArraySlice<Substring>) throws(ProxyHeaderError) -> ConnectionSource {
        // What follows is to be ignored.
        if words.first == "UNKNOWN" { return .proxyItself }
        guard words.count == 5, let family = words.first, family == "TCP4" || family == "TCP6" else {
            throw ProxyHeaderError(what: "it is neither TCP4, TCP6 nor UNKNOWN with what belongs to it")
        }
        let rest = Array(words.dropFirst())
        for port in rest[2...] {
            guard let number = UInt16(port), String(number) == port else {
                throw ProxyHeaderError(what: "a port is not one")
            }
        }
        var addresses: [SocketAddress] = []
        for text in rest[..<2] {
            guard text.utf8.contains(UInt8(ascii: ":")) == (family == "TCP6"),
                let address = SocketAddress(literal: text)
            else { throw ProxyHeaderError(what: "an address is not one of its family") }
            addresses.append(address)
        }
        return .proxied(addresses[0])
    }

    // MARK: Version 2

    /// - Precondition: there are 16 bytes.
    private static func takeBinary(from buffer: inout ByteBuffer) throws(ProxyHeaderError) -> ConnectionSource? {
        let head = Array(buffer.readableBytesView.prefix(16))
        let length = Int(head[14]) << 8 | Int(head[15])
        guard head[12] == 0x20 || head[12] == 0x21 else {
            throw ProxyHeaderError(what: "version or command is unknown")
        }
        guard length <= longestRest else { throw ProxyHeaderError(what: "it is longer than \(longestRest) bytes") }
        guard let count = addressLengths[head[13]] else {
            throw ProxyHeaderError(what: "the address family or the transport is not supported")
        }
        guard length >= count else { throw ProxyHeaderError(what: "it is shorter than its addresses") }
        guard let rest = buffer.getBytes(at: buffer.readerIndex + 16, length: length) else { return nil }
        let isLocal = head[12] == 0x20
        // A receiver has to ignore the rest of LOCAL; the extras of an unspecified family have no place to begin at.
        if !isLocal, count > 0 { try checkExtras(rest[count...]) }
        buffer.moveReaderIndex(forwardBy: 16 + length)
        switch head[13] {
        case 0x11 where !isLocal: return .proxied(SocketAddress(bytes: Array(rest[..<4])))
        case 0x21 where !isLocal: return .proxied(SocketAddress(bytes: Array(rest[..<16])))
        default: return .proxyItself
        }
    }

    /// Type, length and value, one after the other; what they say is not used.
    private static func checkExtras(_ extras: ArraySlice<UInt8>) throws(ProxyHeaderError) {
        var extras = extras
        while !extras.isEmpty {
            guard extras.count >= 3 else { throw ProxyHeaderError(what: "an extra is cut short") }
            let length = Int(extras[extras.startIndex + 1]) << 8 | Int(extras[extras.startIndex + 2])
            guard extras.count >= 3 + length else { throw ProxyHeaderError(what: "an extra is cut short") }
            extras = extras.dropFirst(3 + length)
        }
    }

    /// Of the addresses, by family and transport: none, TCP over IPv4 and IPv6, a stream over a local socket.
    private static let addressLengths: [UInt8: Int] = [0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216]
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    /// By the specification, CRLF included.
    private static let longestText = 107
    /// Addresses and extras, which may hold a client certificate's names.
    private static let longestRest = 4096
}

/// What is wrong with it, for the log.
struct ProxyHeaderError: Error, Equatable {
    let what: String
}
