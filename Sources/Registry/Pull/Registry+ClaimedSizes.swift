internal import Hashing
internal import NIOCore
internal import OCI
internal import Storage

extension Registry {
    /// Manifests of a repository that are read to learn what they say of its blobs.
    private static let mostRead = 1000

    /// How large a blob is by the word of the manifests that the repository holds; nil if none names it.
    ///
    /// Those that were served since the start are known. The others are read once, when the first blob is asked for that no known one names.
    func claimedSize(_ key: BlobKey) async throws(RegistryError) -> Int64? {
        if let size = sizes.size(key) { return size }
        guard !sizes.hasRead(key.repository) else { return nil }
        _ = try await manifestReadings.value(key.repository) { () async throws(RegistryError) in
            try await readManifests(of: key.repository)
        }
        return sizes.size(key)
    }

    private func readManifests(of repository: RepositoryName) async throws(RegistryError) {
        guard !sizes.hasRead(repository) else { return }
        for algorithm in Digest.Algorithm.allCases {
            let digests = try await stored { (store) async throws(StorageError) in
                try await store.revisions(of: repository, algorithm, limit: Self.mostRead).digests
            }
            for digest in digests {
                // One that cannot be read says nothing.
                guard let manifest = try? await store.manifest(digest, in: repository),
                    let content = try? Manifest(manifest.bytes.readableBytesView)
                else { continue }
                sizes.note(content, in: repository)
            }
        }
        sizes.noteRead(repository)
    }

    /// Whether the stored bytes are those that the digest names.
    func isWhole(_ digest: Digest) async throws(RegistryError) -> Bool {
        let content = try await stored { (store) async throws(StorageError) in try await store.blob(digest) }
        guard let content else { return false }
        if case .remote(let object) = content {
            var hasher = DigestHasher(digest.algorithm)
            let body = object.body(0..<object.size)
            while let piece = try await stored({ (_) async throws(StorageError) in try await body.next() }) {
                hasher = try await uploads.hash(piece, hasher)
            }
            return hasher.digest() == digest
        }
        return try await uploads.inPool {
            var hasher = DigestHasher(digest.algorithm)
            switch content {
            case .remote: return false
            case .bytes(let bytes): hasher.update(bytes)
            case .file(let file, let size):
                while hasher.count < size {
                    guard let piece = file.bytes(at: hasher.count, count: Int(min(size - hasher.count, 1 << 20))) else {
                        return false
                    }
                    hasher.update(piece)
                }
            }
            return hasher.digest() == digest
        }
    }
}
