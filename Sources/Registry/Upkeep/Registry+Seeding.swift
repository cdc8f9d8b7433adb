internal import NIOCore
public import OCI
public import Storage
internal import Upstream

/// Fetching whole images ahead of time.
extension Registry {
    /// A manifest as the upstream has it now, kept from eviction from then on.
    public func seedManifest(
        _ repository: Repository, _ reference: Reference
    ) async throws(RegistryError) -> StoredManifest {
        let served: Served<StoredManifest>
        switch reference {
        case .tag(let tag) where !repository.namespace.isLocal:
            served = try await renew(repository, tag)
            if let warning = served.warning {
                throw RegistryError(.unavailable, "\(repository.name):\(tag) could not be asked for: \(warning)")
            }
        default: served = try await manifest(repository, reference, isHead: true)
        }
        let digest = served.content.digest
        if !repository.namespace.isLocal {
            try await stored { (store) async throws(StorageError) in
                try await store.keep(digest, in: repository.name)
            }
        }
        return served.content
    }

    /// Has a blob fetched, unless the repository holds it; clients come first.
    ///
    /// - Returns: Whether it had to be fetched, or vouched for.
    public func seed(_ blob: Descriptor, _ repository: Repository) async throws(RegistryError) -> Bool {
        guard blob.isAskedFor else { return false }
        if try await holds(blob, repository) { return false }
        guard !repository.namespace.isLocal else { throw .unknownBlob(blob.digest, repository) }
        try await reader(repository, blob.digest, .background).0?.finish()
        guard try await holds(blob, repository) else {
            throw .badUpstream("the blob \(blob.digest) has another size than the manifest says")
        }
        return true
    }

    /// What a client is told who asks for what a site that is offline does not hold; it is noted, to be fetched elsewhere. What
    /// belongs to a manifest that is held came with it: clients that only look whether there is a signature are told that there
    /// is none.
    func toldOffline(
        _ error: RegistryError, _ repository: Repository, _ reference: Reference
    ) async -> RegistryError {
        guard (error.cause as? UpstreamError)?.kind == .offline else { return error }
        if case .tag(let tag) = reference, let subject = CompanionTags.subject(of: tag),
            (try? await heldManifest(repository, subject)) != nil
        {
            return .unknownManifest(reference, repository)
        }
        let separator = if case .tag = reference { ":" } else { "@" }
        let name = "\(repository.name)\(separator)\(reference)"
        misses.note(name, in: store, now: now(), logger)
        return RegistryError(
            error.code, status: error.status, "\(name) is not held at this site: \(error.message)", cause: error.cause)
    }
}
