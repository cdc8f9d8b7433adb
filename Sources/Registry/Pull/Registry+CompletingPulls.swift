internal import Upstream
internal import NIOCore
internal import Logging
internal import Metrics
internal import OCI
internal import Storage

/// Completing what was pulled.
extension Registry {
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
