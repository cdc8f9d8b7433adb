/// AWS Signature Version 4 as S3 wants it: in headers, and in the query of an address that is handed out.
///
/// Reads no clock and sends nothing. Not for services that normalise paths or want them encoded twice, which all but S3
/// do.
public struct SigV4Signer: Sendable {
    private let credentials: SigV4Credentials
    private let region: String
    private let service: String

    public init(_ credentials: SigV4Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The headers that make the request a signed one, besides those it has.
    public func headers(for request: SigV4Request, at time: SigV4Time) -> [SigV4Request.Item] {
        var added = [SigV4Request.Item("x-amz-content-sha256", request.payload.text)]
        if let token = credentials.sessionToken { added.append(.init("x-amz-security-token", token)) }
        return authorization(for: request, adding: added + [.init("x-amz-date", time.stamp)], at: time)
    }

    /// Without the payload's hash, which only S3 wants as a header.
    func authorization(
        for request: SigV4Request, adding added: [SigV4Request.Item], at time: SigV4Time
    ) -> [SigV4Request.Item] {
        let (names, lines) = Self.canonical(request.headers + added)
        let canonical = Self.canonicalRequest(request, query: request.encodedQuery, names: names, lines: lines)
        let value =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope(time)),"
            + "SignedHeaders=\(names),Signature=\(signature(canonical, time))"
        return added + [.init("Authorization", value)]
    }

    /// The query that lets whoever holds it send the request until it expires. A secret.
    ///
    /// - Parameter lifetime: In seconds; S3 takes at most a week.
    public func presignedQuery(for request: SigV4Request, at time: SigV4Time, lifetime: Int) -> String {
        let (names, lines) = Self.canonical(request.headers)
        var query = request.query
        query.append(.init("X-Amz-Algorithm", "AWS4-HMAC-SHA256"))
        query.append(.init("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(time))"))
        query.append(.init("X-Amz-Date", time.stamp))
        query.append(.init("X-Amz-Expires", String(lifetime)))
        query.append(.init("X-Amz-SignedHeaders", names))
        if let token = credentials.sessionToken { query.append(.init("X-Amz-Security-Token", token)) }
        let encoded = SigV4Request.encode(query)
        var request = request
        request.payload = .unsigned
        let canonical = Self.canonicalRequest(request, query: encoded, names: names, lines: lines)
        return "\(encoded)&X-Amz-Signature=\(signature(canonical, time))"
    }

    static func canonicalRequest(
        _ request: SigV4Request, query: String, names: String, lines: String
    ) -> String {
        "\(request.method)\n\(request.encodedPath)\n\(query)\n\(lines)\n\(names)\n\(request.payload.text)"
    }

    /// Names in lower case and order; values without the spaces around them, and with single ones within.
    static func canonical(_ headers: [SigV4Request.Item]) -> (names: String, lines: String) {
        var values: [String: [String]] = [:]
        for header in headers {
            let value = header.value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
            values[header.name.lowercased(), default: []].append(value)
        }
        let sorted = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return (
            sorted.map(\.key).joined(separator: ";"),
            sorted.map { "\($0.key):\($0.value.joined(separator: ","))\n" }.joined()
        )
    }

    private func scope(_ time: SigV4Time) -> String { "\(time.day)/\(region)/\(service)/aws4_request" }

    private func signature(_ canonicalRequest: String, _ time: SigV4Time) -> String {
        let hash = Hashes.hex(Hashes.sha256(canonicalRequest))
        let text = "AWS4-HMAC-SHA256\n\(time.stamp)\n\(scope(time))\n\(hash)"
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for step in [time.day, region, service, "aws4_request"] { key = Hashes.hmac(key, step) }
        return Hashes.hex(Hashes.hmac(key, text))
    }
}
