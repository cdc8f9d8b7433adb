internal import TextEncodings
internal import CurlClient
internal import SigV4

/// A page of a listing.
struct S3Page: Sendable {
    struct Object: Sendable {
        let key: String
        /// Bytes.
        let size: Int64
        /// As the store writes it.
        let modified: String
        /// What the store calls the content; nil where it does not say.
        let entity: String?
    }

    var objects: [Object] = []
    /// Keys up to and including the delimiter.
    var folders: [String] = []
    /// Where it goes on; nil at the end.
    var next: String?
    /// The greatest of all that the store sent, ours or not.
    var last: String?
    /// How many pages in a row led no further.
    fileprivate var idle = 0
}

extension S3Page {
    /// - Throws: if the store leads nowhere.
    fileprivate mutating func count(after previous: S3Page?) throws(S3Error) {
        let reached = previous?.last
        if let last, reached.map({ $0.utf8.lexicographicallyPrecedes(last.utf8) }) ?? true { return }
        last = last.map { S3Client.greater(reached, $0) } ?? reached
        idle = (previous?.idle ?? 0) + 1
        guard idle <= S3Client.mostIdlePages else {
            throw S3Error(.invalidAnswer, "the store's list comes back to what it has told")
        }
    }
}

extension S3Client {
    /// A thousand keys of a kilobyte, each byte of which may be written as five.
    private static let pageLimit = 8 << 20
    /// Pages in a row that may hold nothing new: a store may pass over what it removed, and must not go round in circles.
    fileprivate static let mostIdlePages = 10

    /// - Parameters:
    ///   - after: Only what is greater.
    ///   - previous: The page that this one goes on from.
    ///   - limit: At most so many, and never more than a thousand.
    func page(
        _ prefix: String, delimiter: String?, after: String? = nil, following previous: S3Page? = nil, limit: Int
    ) async throws(S3Error) -> S3Page {
        var query: [SigV4Request.Item] = [
            .init("list-type", "2"), .init("prefix", prefix), .init("encoding-type", "url"),
            .init("max-keys", String(min(max(limit, 1), 1000))),
        ]
        if let delimiter { query.append(.init("delimiter", delimiter)) }
        if let token = previous?.next {
            query.append(.init("continuation-token", token))
        } else if let after {
            query.append(.init("start-after", after))
        }
        let root = try await ask(S3Call("ListObjectsV2", .get, query: query), limit: Self.pageLimit)
        let isEncoded = root["EncodingType"] == "url"
        func key(_ text: String) -> String? { isEncoded ? PercentEncoding.decoded(text, plusIsSpace: true) : text }
        var page = S3Page()
        for entry in root.all("Contents") {
            guard let key = entry["Key"].flatMap(key) else { continue }
            page.last = Self.greater(page.last, key)
            guard key.utf8.starts(with: prefix.utf8), let size = entry["Size"].flatMap({ Int64($0) }), size >= 0 else {
                continue
            }
            page.objects.append(
                S3Page.Object(key: key, size: size, modified: entry["LastModified"] ?? "", entity: entry["ETag"]))
        }
        for entry in root.all("CommonPrefixes") {
            guard let folder = entry["Prefix"].flatMap(key) else { continue }
            page.last = Self.greater(page.last, folder)
            if folder.utf8.starts(with: prefix.utf8) { page.folders.append(folder) }
        }
        guard root["IsTruncated"] == "true" else { return page }
        guard let next = root["NextContinuationToken"], !next.isEmpty, next != previous?.next else {
            throw S3Error(.invalidAnswer, "the store sent a page of a list and does not say how to go on")
        }
        page.next = next
        try page.count(after: previous)
        return page
    }

    fileprivate static func greater(_ one: String?, _ other: String) -> String {
        guard let one else { return other }
        return one.utf8.lexicographicallyPrecedes(other.utf8) ? other : one
    }
}
