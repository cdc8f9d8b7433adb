internal import CurlClient
internal import NIOCore
public import Storage

/// What processes that died have left behind, and no list of keys shows or nobody looks for.
extension S3Store {
    /// Pages of a list that are looked at in one round: a million uploads.
    private static let mostPages = 1000

    public func sweep(before time: Int64, isDry: Bool) async throws(StorageError) -> Int {
        try await asked(nil) { () async throws(S3Error) in
            try await sweepClaims(before: time, isDry) + sweepUploads(before: time, isDry)
        }
    }

    /// Multipart uploads of fills, copies and rows that nobody goes on with.
    private func sweepUploads(before time: Int64, _ isDry: Bool) async throws(S3Error) -> Int {
        var count = 0
        var marker: S3Client.UploadMarker?
        for _ in 0..<Self.mostPages {
            let found: [S3Upload]
            do throws(S3Error) {
                (found, marker) = try await client.uploads(prefix, after: marker)
            } catch {
                if error.kind == .unsupported { return count }
                throw error
            }
            for upload in found where upload.begun.map({ $0 < time }) ?? false {
                guard try await !isInUse(upload) else { continue }
                if !isDry { try await client.abortUpload(upload.key, upload.id) }
                count += 1
            }
            if marker == nil { break }
        }
        return count
    }

    /// Whether a row still grows by it, whose own end it has to wait for.
    private func isInUse(_ upload: S3Upload) async throws(S3Error) -> Bool {
        guard let key = ObjectKey(String(upload.key.dropFirst(prefix.count))), shape(key) == .growing else {
            return false
        }
        return try await uploadName(upload.key) == upload.id
    }

    /// Claims of objects that were moved, whose holders did not come to remove them.
    private func sweepClaims(before time: Int64, _ isDry: Bool) async throws(S3Error) -> Int {
        var old: [String] = []
        var previous: S3Page?
        repeat {
            let page = try await client.page(
                "\(prefix).entrepot/moves/", delimiter: nil, following: previous, limit: 1000)
            old += page.objects.filter { ISODate.seconds($0.modified).map { $0 < time } ?? false }.map(\.key)
            previous = page
        } while previous?.next != nil && old.count < Self.mostPages
        if !isDry { try await client.remove(old) }
        return old.count
    }
}
