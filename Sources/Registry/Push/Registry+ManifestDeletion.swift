internal import Coordination
internal import NIOCore
public import OCI
internal import Storage

extension Registry {
    /// end-9: with a tag removes the tag alone; with a digest the manifest, the tags that name it, and its place among
    /// the referrers of its subject.
    public func deleteManifest(_ repository: Repository, _ reference: Reference) async throws(RegistryError) {
        try repository.checkWritable()
        try await background.carryOut { () async throws(RegistryError) in
            try await self.writers.withLock(repository.name) { (check) async throws(RegistryError) in
                try check()
                switch reference {
                case .tag(let tag): try await self.delete(tag, repository)
                case .digest(let digest): try await self.delete(digest, repository)
                }
            }
        }
    }

    private func delete(_ tag: Tag, _ repository: Repository) async throws(RegistryError) {
        let isHeld = try await writing { (store) async throws(StorageError) in
            guard try await store.tag(tag, in: repository.name) != nil else { return false }
            try await remove(tag, repository)
            return true
        }
        guard isHeld else { throw .unknownManifest(.tag(tag), repository) }
    }

    private func remove(_ tag: Tag, _ repository: Repository) async throws(StorageError) {
        try await store.removeTag(tag, in: repository.name)
        if repository.namespace.pushes.isOverlay { try await store.unmarkPushed(tag, in: repository.name) }
    }

    /// In the reverse order of a push: what names the manifest goes before the manifest.
    private func delete(_ digest: Digest, _ repository: Repository) async throws(RegistryError) {
        let isHeld = try await writing { (store) async throws(StorageError) in
            guard try await store.hasManifest(digest, in: repository.name) else { return false }
            for tag in try await store.tags(of: repository.name, after: nil, limit: .max)
            where try await store.names(tag, digest, in: repository.name) { try await remove(tag, repository) }
            if let manifest = try await store.manifest(digest, in: repository.name),
                let subject = (try? Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType))?
                    .subject
            {
                try await store.removeReferrer(digest, of: subject.digest, in: repository.name)
            }
            try await store.removeManifest(digest, in: repository.name)
            return true
        }
        hot.remove(HotContent.Key(repository: repository.name, digest: digest))
        guard isHeld else { throw .unknownManifest(.digest(digest), repository) }
    }
}
