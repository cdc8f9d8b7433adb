internal import CurlClient
internal import SigV4

extension S3Client {
    /// The parts that an upload has, in their order, as far as they are numbered without a gap; nil if there is no such
    /// upload. And when the last of them was written, by seconds since 1970; 0 if there is none.
    func parts(_ key: String, _ upload: String) async throws(S3Error) -> (found: [GrowingRow.Part], modified: Int64)? {
        var parts: [GrowingRow.Part] = []
        var modified: Int64 = 0
        var marker: String?
        repeat {
            var query: [SigV4Request.Item] = [.init("uploadId", upload)]
            if let marker { query.append(.init("part-number-marker", marker)) }
            let root: XMLElement
            do throws(S3Error) {
                root = try await ask(S3Call("ListParts", .get, key: key, query: query), limit: 4 << 20)
            } catch {
                if error.kind == .absent { return nil }
                throw error
            }
            let found = root.all("Part")
            for entry in found {
                guard let number = entry["PartNumber"].flatMap({ Int($0) }), number == parts.count + 1,
                    let entity = entry["ETag"], let size = entry["Size"].flatMap({ Int64($0) }), size >= 0
                else { return (parts, modified) }
                modified = max(modified, entry["LastModified"].flatMap(ISODate.seconds) ?? 0)
                parts.append(GrowingRow.Part(part: S3Part(number: number, entity: entity), size: size))
            }
            marker = root["IsTruncated"] == "true" && !found.isEmpty ? root["NextPartNumberMarker"] : nil
        } while marker != nil
        return (parts, modified)
    }
}
