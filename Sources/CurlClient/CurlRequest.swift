public import NIOCore

/// One HTTP request. Redirects are never followed: the caller decides what may travel to another host.
public struct CurlRequest: Sendable {
    /// An absolute `http` or `https` URL without user information, already percent-encoded.
    public var url: String
    public var method: Method
    public var headers: CurlHeaders
    public var body: ByteBuffer?
    /// Sent in the place of ``body``.
    public var file: CurlFileBody?
    /// Where a connection that was kept open turns out to be closed, libcurl sends a request again by itself. False for one whose
    /// body may have been taken in part by then: it fails with `cutShort`, and the caller asks how far it came.
    public var isRepeatable = true
    public var settings: CurlSettings

    public init(
        url: String, method: Method = .get, headers: CurlHeaders = CurlHeaders(), body: ByteBuffer? = nil,
        settings: CurlSettings = CurlSettings()
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.settings = settings
    }

    public enum Method: String, Sendable, Hashable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }
}

extension CurlRequest {
    /// Bytes of a body that is given piece by piece; nil where libcurl gets all of it at once, or there is none.
    var givenLength: Int64? {
        file?.length ?? (isRepeatable ? nil : body.map { Int64($0.readableBytes) })
    }

    /// Fills `buffer` with what is at `position` of such a body.
    ///
    /// - Returns: How many bytes there were; nil if it cannot be read.
    func give(_ buffer: UnsafeMutableRawBufferPointer, at position: Int64) -> Int? {
        if let file { return file.read(buffer, at: position) }
        return body?.withUnsafeReadableBytes { bytes in
            let rest = bytes.dropFirst(Int(position)).prefix(buffer.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest))
            return rest.count
        }
    }

    var isSecure: Bool { url.prefix(6).lowercased() == "https:" }

    /// `host[:port]` of the URL, the only part of it that errors and logs may show: paths and queries of signed
    /// URLs are secrets. `nil` when the URL is none that this client would ask.
    var authority: String? {
        let lowercased = url.prefix(8).lowercased()
        let rest: Substring
        if lowercased.hasPrefix("https://") {
            rest = url.dropFirst(8)
        } else if lowercased.hasPrefix("http://") {
            rest = url.dropFirst(7)
        } else {
            return nil
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.isEmpty, authority.utf8.count <= 300, !authority.contains("@"), !authority.contains("\\")
        else { return nil }
        return String(authority)
    }

    /// The lines as libcurl wants them, or `nil` when a name or value could smuggle a second header.
    var headerLines: [String]? {
        var lines: [String] = []
        for field in headers {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isTokenByte),
                field.value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) })
            else { return nil }
            // "Name:" would remove a header of libcurl's own, "Name;" sends an empty one.
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        for (name, line) in [
            ("accept", "Accept: */*"), ("accept-encoding", "Accept-Encoding: identity"),
            // Without these libcurl waits a second for "100 Continue" and calls every body a form.
            ("expect", "Expect:"), ("content-type", "Content-Type:"),
        ] where headers[name] == nil {
            lines.append(line)
        }
        return lines
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
