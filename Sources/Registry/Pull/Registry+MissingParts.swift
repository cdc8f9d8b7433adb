internal import Hashing
internal import NIOCore
package import OCI
internal import Storage
internal import Upstream

extension Digest {
    /// Of `{}`, the configuration of artifacts that have none (OCI image specification, "Guidance for an Empty
    /// Descriptor").
    package static let emptyObject = Digest(hashing: ByteBuffer(string: "{}"))
}

extension Descriptor {
    /// Whether a client that pulls the image asks this registry for it.
    var isAskedFor: Bool {
        data == nil && digest != .emptyObject && !mediaType.value.contains("nondistributable")
            && !mediaType.value.contains(".foreign.")
    }
}

/// What a pull of a held manifest would need, and is not held.
enum MissingPart: Sendable {
    case blob(Digest)
    case manifest(Digest)
}

extension Registry {
    /// How many children of an index are looked at.
    private static let mostChildren = 100
    /// How much is looked up for one answer: indexes within indexes could ask for a million times as much.
    private static let mostLooks = 20_000

    /// Something without which the image cannot be pulled from what is held; nil if it can be. An index is as good as one
    /// of its images. What lies deeper or is more than is looked at counts as held.
    func missingPart(
        of manifest: StoredManifest, _ repository: Repository
    ) async throws(RegistryError) -> MissingPart? {
        var looks = Self.mostLooks
        return try await missingPart(of: manifest, repository, depth: 0, looks: &looks)
    }

    private func missingPart(
        of manifest: StoredManifest, _ repository: Repository, depth: Int, looks: inout Int
    ) async throws(RegistryError) -> MissingPart? {
        guard let content = try? Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType)
        else { return .manifest(manifest.digest) }
        let images = content.images
        // An index of nothing but blobs, as BuildKit's cache, is as good as all of them.
        let blobs = images.isEmpty ? content.blobs + content.blobsOfIndex : content.blobs
        for blob in blobs where blob.isAskedFor && looks > 0 {
            looks -= 1
            if try await !holds(blob, repository) { return .blob(blob.digest) }
        }
        guard depth < 3 else { return nil }
        var missing: MissingPart?
        for child in images.prefix(Self.mostChildren) {
            guard looks > 0 else { return nil }
            looks -= 1
            if let held = try await heldManifest(repository, child.digest) {
                let part = try await missingPart(of: held.manifest, repository, depth: depth + 1, looks: &looks)
                guard let part else { return nil }
                missing = part
            } else if missing == nil {
                missing = .manifest(child.digest)
            }
        }
        return missing
    }

    /// Whether what is not held may not be to be had from the namespace's upstreams now.
    func mayLackUpstreams(_ namespace: Namespace) -> Bool {
        guard !namespace.isLocal, namespace.isOffline || health.isTroubled else { return false }
        return namespace.isOffline || namespace.upstreams.allSatisfy { health.isSuspect($0.name) }
    }

    /// Lets a hit pass, unless its upstreams fail and what the client would ask for next is not here: podman and CRI-O
    /// choose their mirror by the manifest, and then have nowhere else to go for a blob.
    func checkPullable(_ manifest: StoredManifest, _ repository: Repository) async throws(RegistryError) {
        guard mayLackUpstreams(repository.namespace), let missing = try await missingPart(of: manifest, repository)
        else { return }
        do throws(RegistryError) {
            switch missing {
            case .blob(let digest): _ = try await vouch(repository, digest)
            case .manifest(let digest): _ = try await vouch(repository, manifest: digest)
            }
        } catch {
            // What the upstreams say about content is told when it is asked for; here only that they say nothing.
            guard error.status >= 429 else { return }
            throw RegistryError.incomplete(missing, because: error)
        }
    }

    private func vouch(_ repository: Repository, manifest digest: Digest) async throws(RegistryError) {
        do throws(UpstreamListError) {
            _ = try await upstreams(repository).first(.question) { (upstream) async throws(UpstreamError) in
                try await upstream.headManifest(repository.remoteName, .digest(digest))
            }
        } catch {
            throw RegistryError(error, absent: .manifestUnknown)
        }
    }

    func holds(_ blob: Descriptor, _ repository: Repository) async throws(RegistryError) -> Bool {
        try await stored { (store) async throws(StorageError) in
            guard try await store.isGranted(blob.digest, in: repository.name) else { return false }
            return try await store.blobInfo(blob.digest)?.size == blob.size
        }
    }
}
