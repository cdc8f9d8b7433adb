internal import CurlClient
internal import Hashing
public import NIOCore
public import OCI
public import Upstream

/// A manifest that a registry sent, and that is what it was asked for.
public struct RemoteManifest: Sendable {
    public let digest: Digest
    public let mediaType: MediaType
    /// As they came.
    public let bytes: ByteBuffer
    public let content: Manifest
}

extension RemoteRegistry {
    /// What a tag or digest stands for.
    ///
    /// - Throws: `notFound` where the registry says that there is none; `invalidResponse` where what it sends is no manifest,
    ///   or another one.
    public func manifest(
        _ repository: RepositoryName, _ reference: Reference
    ) async throws(UpstreamError) -> RemoteManifest {
        try await retrying { () async throws(UpstreamError) in
            let answer = try await entering(repository, .question).manifest(repository, reference)
            let asked = if case .digest(let digest) = reference { Optional(digest) } else { answer.digest }
            let digest = Digest(hashing: answer.bytes, with: asked?.algorithm ?? .sha256)
            guard asked == nil || asked == digest else {
                throw client.invalid("sent a manifest that is not what its digest says")
            }
            let content: Manifest
            do throws(ManifestError) {
                content = try Manifest.relayed(answer.bytes.readableBytesView, besides: answer.mediaType)
            } catch {
                throw client.invalid("sent a manifest that cannot be read", cause: error)
            }
            return RemoteManifest(
                digest: digest, mediaType: content.mediaType(besides: answer.mediaType), bytes: answer.bytes,
                content: content)
        }
    }

    /// Whether the repository has that blob.
    public func holdsBlob(_ digest: Digest, in repository: RepositoryName) async throws(UpstreamError) -> Bool {
        do throws(UpstreamError) {
            _ = try await retrying { () async throws(UpstreamError) in
                try await entering(repository, .question).headBlob(repository, digest)
            }
            return true
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
    }

    /// Hands over a blob's bytes, piece by piece, and goes on where the transfer breaks off. The last piece comes only when
    /// all of it is what the digest says.
    ///
    /// - Parameters:
    ///   - size: In bytes, as a manifest says.
    ///   - take: Waited for, and with it the registry.
    public func pull(
        _ digest: Digest, size: Int64, of repository: RepositoryName, _ take: (ByteBuffer) async throws -> Void
    ) async throws {
        var hasher = DigestHasher(digest.algorithm)
        var held: ByteBuffer?
        var entity: String?
        var failures = 0
        while hasher.count < size {
            do throws(UpstreamError) {
                let start = hasher.count
                let range = start == 0 ? nil : UpstreamRange(from: start, entity: entity)
                let blob = try await entering(repository, .content).blob(repository, digest, range: range)
                entity = blob.entity
                // Without ranges it begins anew.
                var passed = start - blob.offset
                while var piece = try await blob.body.next() {
                    if passed > 0 {
                        let skipped = Int(min(passed, Int64(piece.readableBytes)))
                        piece.moveReaderIndex(forwardBy: skipped)
                        passed -= Int64(skipped)
                    }
                    guard piece.readableBytes > 0 else { continue }
                    guard hasher.count + Int64(piece.readableBytes) <= size else {
                        throw client.invalid("sends more of \(digest) than its manifest says")
                    }
                    hasher.update(piece)
                    failures = 0
                    if let earlier = held.take() {
                        do { try await take(earlier) } catch { throw TakingError.wrapped(error, name) }
                    }
                    held = piece
                }
                guard hasher.count == size else {
                    throw UpstreamError(.cutShort, "\(name) sent less of \(digest) than its manifest says")
                }
            } catch {
                if let own = error.cause as? TakingError { throw own.error }
                try await pause(after: error, &failures)
            }
        }
        guard hasher.digest() == digest else {
            throw client.invalid("sent other bytes than \(digest) says")
        }
        if let held { try await take(held) }
    }
}

/// Carries through what the taker of bytes threw, which is not the registry's failure.
private struct TakingError: Error {
    let error: any Error

    static func wrapped(_ error: any Error, _ name: String) -> UpstreamError {
        UpstreamError(.cancelled, "\(name) is not waited for any more", cause: TakingError(error: error))
    }
}
