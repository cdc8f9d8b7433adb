internal import NIOCore
internal import SigV4
internal import Storage

/// Moving an object that does not grow: a copy and a deletion, where a rename would decide between several who do it.
extension S3Store {
    /// Seconds after which a claim is somebody's who is no more.
    private static let claimLifetime: Int64 = 600

    /// - Returns: False if there is no source, or somebody else has moved it or is about to.
    func moveOnce(_ source: String, to key: String) async throws(S3Error) -> Bool {
        guard conditions.areKept else { return try await carry(source, to: key) }
        let folder = claims(of: source)
        guard let claim = try await claim(folder) else { return false }
        let isMoved = try await carry(source, to: key)
        // The source is gone before the claim is: who claims it now finds nothing.
        try await client.remove(claim)
        return isMoved
    }

    private func carry(_ source: String, to key: String) async throws(S3Error) -> Bool {
        guard let object = try await client.head(source) else { return false }
        do throws(S3Error) {
            try await copy(source, object.size, to: key)
        } catch {
            if error.kind == .absent { return false }
            throw error
        }
        try await client.delete(source)
        return true
    }

    /// Takes the next number: the first that nobody has, or, where the last one's holder is gone, the one after that.
    ///
    /// - Returns: All claims up to the own one; nil if somebody else holds one.
    private func claim(_ folder: String) async throws(S3Error) -> [String]? {
        let page = try await client.page(folder, delimiter: nil, limit: 1000)
        if let last = page.objects.last {
            guard client.storeTime - (ISODate.seconds(last.modified) ?? 0) > Self.claimLifetime else { return nil }
        }
        let own = folder + GrowingRow.name(Int64(page.objects.count))
        guard try await client.put(new: own, ByteBuffer()).isWritten else { return nil }
        return page.objects.map(\.key) + [own]
    }

    /// Apart from what is listed.
    private func claims(of source: String) -> String {
        let hash = Array(source.utf8).withUnsafeBytes { SigV4Request.Payload.hashing($0).text }
        return "\(prefix).entrepot/moves/\(hash)/"
    }
}
