internal import Hashing
internal import Logging
internal import Metrics
internal import NIOCore
internal import OCI
internal import Storage
internal import Upstream

extension Digest {
    /// Of `{}`, the configuration of artifacts that have none (OCI image specification, "Guidance for an Empty
    /// Descriptor").
    static let emptyObject = Digest(hashing: ByteBuffer(string: "{}"))
}

extension Descriptor {
    /// Whether a client that pulls the image asks this registry for it.
    fileprivate var isAskedFor: Bool {
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
        for blob in content.blobs where blob.isAskedFor && looks > 0 {
            looks -= 1
            if try await !holds(blob, repository) { return .blob(blob.digest) }
        }
        guard !content.manifests.isEmpty, depth < 3 else { return nil }
        var missing: MissingPart?
        for child in content.manifests.prefix(Self.mostChildren) {
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

    /// Lets a hit pass, unless its upstreams fail and what the client would ask for next is not here: podman and CRI-O
    /// choose their mirror by the manifest, and then have nowhere else to go for a blob.
    func checkPullable(_ manifest: StoredManifest, _ repository: Repository) async throws(RegistryError) {
        let namespace = repository.namespace
        guard !namespace.isLocal, namespace.isOffline || health.isTroubled,
            namespace.isOffline || namespace.upstreams.allSatisfy({ health.isSuspect($0.name) }),
            let missing = try await missingPart(of: manifest, repository)
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
        do throws(UpstreamList.Verdict) {
            _ = try await upstreams(repository).first(.question) { (upstream) async throws(UpstreamError) in
                try await upstream.headManifest(repository.remoteName, .digest(digest))
            }
        } catch {
            throw RegistryError(error, absent: .manifestUnknown)
        }
    }

    private func holds(_ blob: Descriptor, _ repository: Repository) async throws(RegistryError) -> Bool {
        try await stored { (store) async throws(StorageError) in
            guard try await store.isGranted(blob.digest, in: repository.name) else { return false }
            return try await store.blobInfo(blob.digest)?.size == blob.size
        }
    }

    // MARK: Completing what was pulled

    /// Has the blobs of the image filled that nobody will have asked for in a while: a client that holds a base layer
    /// never asks for it, and the image would not be whole here when the upstream goes.
    ///
    /// - Parameter fetches: Also those that are not here at all. Who only asks for a manifest's head may have all of the image
    ///   from elsewhere, or may merely look whether it has changed: that is worth no download.
    func completeLater(_ repository: Repository, _ digest: Digest, fetches: Bool) {
        guard repository.namespace.completesPulls, !repository.namespace.isLocal, !repository.namespace.isOffline
        else { return }
        let key = BlobKey(repository: repository.name, digest: digest)
        if fetches { completions.add(key) { await complete(repository, digest) } }
        guard completions.beginSharing(key) else { return }
        let isStarted = background.start {
            await health.timers.sleep(PullCompletions.shortDelay)
            if !Task.isCancelled, await shareStored(repository, digest) { return }
            completions.endSharing(key)
        }
        if !isStarted { completions.endSharing(key) }
    }

    /// Has the upstream vouch for those blobs of the image that are here for other repositories: a client that has them
    /// from there does not ask for them here, and nothing has to be fetched.
    ///
    /// - Returns: Whether it need not be done again.
    private func shareStored(_ repository: Repository, _ digest: Digest) async -> Bool {
        do throws(RegistryError) {
            guard let held = try await heldManifest(repository, digest),
                let content = try? Manifest(held.manifest.bytes.readableBytesView)
            else { return true }
            var isWhole = true
            for blob in content.blobs where blob.isAskedFor {
                if Task.isCancelled { return false }
                if try await holds(blob, repository) { continue }
                let isStored = try await stored { (store) async throws(StorageError) in
                    try await store.blobInfo(blob.digest)?.size == blob.size
                }
                guard isStored else {
                    isWhole = false
                    continue
                }
                _ = try await vouch(repository, blob.digest)
                try await stored { (store) async throws(StorageError) in
                    try await store.grant(blob.digest, in: repository.name, .cached)
                }
            }
            return isWhole
        } catch {
            logger.debug(
                "stored blobs were not shared",
                metadata: ["repository": "\(repository.name)", "digest": "\(digest)", "error": "\(error)"])
            return false
        }
    }

    /// - Returns: Whether the image is whole now.
    private func complete(_ repository: Repository, _ digest: Digest) async -> Bool {
        do throws(RegistryError) {
            guard let held = try await heldManifest(repository, digest),
                let content = try? Manifest(held.manifest.bytes.readableBytesView)
            else { return true }
            for blob in content.blobs where blob.isAskedFor {
                if try await holds(blob, repository) { continue }
                // Clients come first; if they never leave room, the next pull asks for this again.
                for _ in 0..<PullCompletions.patience where fills.isBusy {
                    await health.timers.sleep(PullCompletions.pause)
                }
                if fills.isBusy || Task.isCancelled { return false }
                try await reader(repository, blob.digest, .background).0?.finish()
                Counter(label: "entrepot_completed_blobs_total").increment()
            }
            return true
        } catch {
            logger.debug(
                "an image was not completed",
                metadata: ["repository": "\(repository.name)", "digest": "\(digest)", "error": "\(error)"])
            return false
        }
    }
}

extension RegistryError {
    /// - Parameter error: Why it is not to be had now.
    static func incomplete(_ missing: MissingPart, because error: RegistryError) -> RegistryError {
        let what =
            switch missing {
            case .blob(let digest): "the blob \(digest)"
            case .manifest(let digest): "the manifest \(digest)"
            }
        return RegistryError(
            error.code, status: error.status, "\(error.message); of this image \(what) is not held here",
            retryAfter: error.retryAfter, cause: error.cause)
    }
}
