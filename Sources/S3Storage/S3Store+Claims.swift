internal import NIOCore
internal import SigV4
internal import Storage

/// Moving an object that does not grow: a copy and a deletion. Of several who do it the claim lets one, where the store keeps to
/// conditions; whoever deletes the object needs none, and the copy counts only if the object is still there.
extension S3Store {
    /// Seconds after which a claim is somebody's who is no more.
    private static let claimLifetime: Int64 = 600

    /// - Returns: False if there is no source, or somebody else has moved it or is about to.
    func moveOnce(_ source: String, to key: String) async throws(S3Error) -> Bool {
        guard try await keepsConditions() else { return try await carry(source, to: key) }
        let folder = claims(of: source)
        guard let claim = try await claim(folder) else { return false }
        let isMoved = try await carry(source, to: key)
        // The source is gone before the claim is: who claims it now finds nothing.
        try await client.remove(claim)
        return isMoved
    }

    private func carry(_ source: String, to key: String) async throws(S3Error) -> Bool {
        var steps = MoveByCopy()
        var object: S3Object?
        while true {
            switch steps.operation {
            case .look:
                object = try await client.head(source)
                steps.advance(object != nil)
            case .copy: steps.advance(try await copied(source, object, to: key))
            // Another one in its place is not what was copied.
            case .lookAgain: steps.advance(try await client.head(source)?.entity == object?.entity)
            case .deleteSource:
                try await client.delete(source)
                steps.advance(true)
            case .succeed: return true
            case .fail: return false
            }
        }
    }

    /// - Returns: False if it is not there any more.
    private func copied(_ source: String, _ object: S3Object?, to key: String) async throws(S3Error) -> Bool {
        guard let object else { return false }
        do throws(S3Error) {
            try await copy(source, object.size, entity: object.entity, to: key)
            return true
        } catch {
            guard error.kind == .absent || error.kind == .conflict else { throw error }
            return false
        }
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
    func claims(of source: String) -> String {
        let hash = Array(source.utf8).withUnsafeBytes { SigV4Request.Payload.hashing($0).text }
        return "\(prefix).entrepot/moves/\(hash)/"
    }
}
