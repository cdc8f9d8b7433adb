internal import Logging
internal import Metrics
internal import OCI
internal import Upstream

/// What is served, or said, where no upstream gave the manifest.
extension Registry {
    /// Whether what is held may be served although nobody confirms it.
    func mayBeStale(_ held: HeldManifest, _ repository: Repository) -> Bool {
        guard !repository.namespace.isOffline, let age = held.age else { return true }
        return repository.namespace.freshness.mayServe(whileFailing: age)
    }

    /// What is served when no upstream gave the manifest.
    func instead(
        of verdict: UpstreamListError, _ repository: Repository, _ reference: Reference, _ held: HeldManifest?,
        _ allowsStale: Bool
    ) async throws(RegistryError) -> FetchedManifest {
        let error = RegistryError(verdict, absent: .manifestUnknown)
        switch (verdict.meaning, held) {
        case (.failed, let held?) where allowsStale,
            (.denied, let held?) where repository.namespace.freshness.servesOnDenied:
            if let missing = try await missingPart(of: held.manifest, repository) {
                throw RegistryError.incomplete(missing, because: error)
            }
            logger.notice(
                "serving a held manifest since no upstream gives one",
                metadata: [
                    "repository": "\(repository.name)", "reference": "\(reference)", "error": "\(verdict.decisive)",
                ])
            Counter(label: "entrepot_stale_manifests_total").increment()
            return FetchedManifest(
                manifest: held.manifest, isStored: false, isKept: true,
                warning: "served from the cache: \(verdict.decisive.message)")
        case (.absent, _):
            let key = ManifestKey(repository: repository.name, reference: reference)
            absent.insert(key, error, now: now())
            await shareAbsence(key, error, lifetime: repository.namespace.freshness.negativeTTL)
            if held != nil, case .tag(let tag) = reference {
                do throws(RegistryError) {
                    try await forgetUpstreamTag(repository, tag)
                } catch {
                    logger.warning(
                        "a tag that the upstream has no more cannot be removed",
                        metadata: [
                            "repository": "\(repository.name)", "tag": "\(tag)",
                            "error": "\(error.cause.map { "\($0)" } ?? error.message)",
                        ])
                }
            }
        default:
            break
        }
        throw error
    }
}
