internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Upstream

/// A scripted upstream with a pass through its gate, held until the last byte of a blob has been taken.
struct AdmittedUpstream: UpstreamRegistry {
    let upstream: ScriptedUpstream
    let pass: UpstreamPass

    var name: String { upstream.name }
    var budget: RateBudget? { upstream.budget }

    func headManifest(
        _ repository: RepositoryName, _ reference: Reference, held: Digest?
    ) async throws(UpstreamError) -> UpstreamManifestHead {
        try await upstream.headManifest(repository, reference, held: held)
    }

    func manifest(_ repository: RepositoryName, _ reference: Reference) async throws(UpstreamError) -> UpstreamManifest
    {
        try await upstream.manifest(repository, reference)
    }

    func headBlob(_ repository: RepositoryName, _ digest: Digest) async throws(UpstreamError) -> UpstreamBlobHead {
        try await upstream.headBlob(repository, digest)
    }

    func blob(
        _ repository: RepositoryName, _ digest: Digest, range: UpstreamRange?
    ) async throws(UpstreamError) -> UpstreamBlob {
        let blob = try await upstream.blob(repository, digest, range: range)
        let name = upstream.name
        // And not `self`, whose pass would live as long as the body.
        let lease = NIOLockedValueBox<UpstreamPass?>(pass)
        let body = UpstreamBody { () async throws(UpstreamError) in
            if lease.withLockedValue({ $0 })?.makesWay() == true {
                _ = lease.withLockedValue { $0.take() }
                throw UpstreamError.madeWay(name)
            }
            do throws(UpstreamError) {
                let piece = try await blob.body.next()
                if let piece {
                    await lease.withLockedValue { $0 }?.take(piece.readableBytes)
                } else {
                    _ = lease.withLockedValue { $0.take() }
                }
                return piece
            } catch {
                _ = lease.withLockedValue { $0.take() }
                throw error
            }
        }
        return UpstreamBlob(totalSize: blob.totalSize, offset: blob.offset, entity: blob.entity, body: body)
    }

    func tags(
        _ repository: RepositoryName, at place: UpstreamListPlace?, limit: Int
    ) async throws(UpstreamError) -> UpstreamTags {
        try await upstream.tags(repository, at: place, limit: limit)
    }

    func referrers(_ repository: RepositoryName, _ subject: Digest) async throws(UpstreamError) -> [Descriptor] {
        try await upstream.referrers(repository, subject)
    }
}
