internal import Hashing
internal import OCI
internal import Storage
internal import Upstream

extension Registry {
    /// To be called while nobody else changes the repository.
    ///
    /// - Throws: 412 if there is something else than the client says.
    func checkCondition(_ incoming: IncomingManifest, _ repository: Repository) async throws(RegistryError) {
        guard incoming.condition.saysSomething else { return }
        let current =
            switch incoming.reference {
            case .digest(let digest): try await has(repository, manifest: digest) ? digest : nil
            case .tag(let tag): try await current(tag, repository)
            }
        guard !incoming.condition.holds(current) else { return }
        let found = current.map { "is \($0)" } ?? "is not there"
        throw RegistryError(
            .denied, status: 412, "the manifest \(incoming.reference) \(found), which is not what was to be replaced")
    }

    /// What a pull of the tag would give.
    private func current(_ tag: Tag, _ repository: Repository) async throws(RegistryError) -> Digest? {
        let (record, manifest) = try await heldTag(repository, tag)
        if repository.namespace.isLocal { return manifest == nil ? nil : record?.digest }
        if let record, try await isPushed(repository, tag, record.digest) { return record.digest }
        do throws(UpstreamListError) {
            return try await upstreams(repository).first(.question) { (upstream) async throws(UpstreamError) in
                let head = try await upstream.headManifest(repository.remoteName, .tag(tag))
                if let digest = head.digest { return digest }
                return Digest(hashing: try await upstream.manifest(repository.remoteName, .tag(tag)).bytes)
            }.answer
        } catch {
            guard error.meaning == .absent else { throw RegistryError(error, absent: .manifestUnknown) }
            return nil
        }
    }
}
