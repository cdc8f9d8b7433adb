/// Status and headers, gathered line by line.
struct ResponseHead: Sendable {
    private(set) var status = 0
    private(set) var version = CurlResponse.Version.http1
    private(set) var headers = CurlHeaders()
    private(set) var isComplete = false
    var peerRanges: AddressRanges = []
    private var bytes = 0

    var contentLength: Int64? { headers.contentLength }

    enum Outcome: Equatable {
        case more
        case complete
        case tooLarge
        case malformed
    }

    /// Takes one line with its line end. Interim (1xx) responses start over and are not reported; trailers are
    /// counted and dropped.
    mutating func append(line: UnsafeRawBufferPointer, limit: Int) -> Outcome {
        bytes += line.count
        guard bytes <= limit else { return .tooLarge }
        guard !isComplete else { return .more }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") { return start(text) }
        let trimmed = Self.trim(text[...])
        if trimmed.isEmpty {
            guard status >= 200 else { return .more }
            isComplete = true
            return .complete
        }
        // A line that continues the one before it (obs-fold) is what RFC 9112 section 5.2 lets us reject.
        guard let first = line.first, first != 0x20, first != 0x09 else { return .malformed }
        guard let colon = trimmed.utf8.firstIndex(of: UInt8(ascii: ":")) else { return .malformed }
        headers.append(
            String(trimmed[..<colon]), String(Self.trim(trimmed[trimmed.utf8.index(after: colon)...])))
        return .more
    }

    private mutating func start(_ line: String) -> Outcome {
        let parts = line.split(maxSplits: 2, omittingEmptySubsequences: true) { $0 == " " || $0.isNewline }
        guard parts.count >= 2, parts[1].utf8.count == 3, let status = Int(parts[1]), status >= 100 else {
            return .malformed
        }
        self.status = status
        version = parts[0].hasPrefix("HTTP/2") ? .http2 : .http1
        headers = CurlHeaders()
        return .more
    }

    private static func trim(_ text: Substring) -> Substring {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        guard let first = text.utf8.firstIndex(where: { !isSpace($0) }),
            let last = text.utf8.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return text[first...last]
    }
}
