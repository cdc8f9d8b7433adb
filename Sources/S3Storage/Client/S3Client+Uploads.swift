internal import CurlClient
internal import SigV4

/// A multipart upload that is under way, or was left.
struct S3Upload: Sendable {
    let key: String
    let id: String
    /// Seconds since 1970; nil where the store does not say it in a way that is understood.
    let begun: Int64?
}

extension S3Client {
    /// Where a list of uploads goes on.
    struct UploadMarker: Sendable, Equatable {
        let key: String
        let id: String
    }

    /// Some of the multipart uploads below a prefix, and where the list goes on; nil at its end.
    func uploads(
        _ prefix: String, after marker: UploadMarker?
    ) async throws(S3Error) -> (found: [S3Upload], next: UploadMarker?) {
        var query: [SigV4Request.Item] = [.init("uploads", ""), .init("prefix", prefix)]
        if let marker {
            query += [.init("key-marker", marker.key), .init("upload-id-marker", marker.id)]
        }
        let root = try await ask(S3Call("ListMultipartUploads", .get, query: query), limit: 4 << 20)
        let found = root.all("Upload").compactMap { entry -> S3Upload? in
            guard let key = entry["Key"], key.utf8.starts(with: prefix.utf8), let id = entry["UploadId"], !id.isEmpty
            else { return nil }
            return S3Upload(key: key, id: id, begun: entry["Initiated"].flatMap(ISODate.seconds))
        }
        guard root["IsTruncated"] == "true", let key = root["NextKeyMarker"], let id = root["NextUploadIdMarker"],
            UploadMarker(key: key, id: id) != marker
        else { return (found, nil) }
        return (found, UploadMarker(key: key, id: id))
    }
}
