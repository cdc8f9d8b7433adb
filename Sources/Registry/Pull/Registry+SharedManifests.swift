internal import Cluster
internal import Coordination
internal import OCI
internal import Storage

/// What replicas tell each other of manifests, beside the store that they share.
extension Registry {
    /// The manifest, if another replica has asked the upstream for it since `held` was read here.
    func refreshedElsewhere(
        _ repository: Repository, _ reference: Reference, _ held: HeldManifest?
    ) async -> FetchedManifest? {
        guard replica.leases.isConfigured else { return nil }
        let found: HeldManifest?
        switch reference {
        case .digest(let digest): found = try? await heldManifest(repository, digest)
        case .tag(let tag):
            guard let (record, manifest) = try? await heldTag(repository, tag), let record else { return nil }
            // Time passes: only who asked meanwhile can have made it younger.
            if let age = held?.age, now() - record.checked >= age { return nil }
            found = manifest
        }
        return found.map { FetchedManifest(manifest: $0.manifest, isStored: false, isKept: true) }
    }

    /// What an upstream told another replica that it does not have.
    func sharedAbsence(_ key: ManifestKey) async -> RegistryError? {
        guard replica.values.isConfigured, let bytes = try? await replica.values.value(Self.absence(key)) else {
            return nil
        }
        return ManifestReport(bytes)?.error
    }

    /// - Parameter lifetime: Seconds.
    func shareAbsence(_ key: ManifestKey, _ error: RegistryError, lifetime: Int64) async {
        guard lifetime > 0, replica.values.isConfigured, let bytes = ManifestReport(.failure(error))?.bytes else {
            return
        }
        // Who cannot be told asks the upstream.
        _ = try? await replica.values.store(bytes, Self.absence(key), life: .seconds(lifetime), .always)
    }

    func forgetSharedAbsence(_ key: ManifestKey) async {
        guard replica.values.isConfigured else { return }
        try? await replica.values.remove(Self.absence(key))
    }

    private static func absence(_ key: ManifestKey) -> CoordinationKey {
        CoordinationKey(.absent, "\(key.repository) \(key.reference)")
    }
}
