import Hashing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage
import Upstream

/// One blob on its way from an upstream into the store, once, whoever and however many wait for it.
final class Fill: Sendable {
    /// Where the blob is fetched from.
    struct Source: Sendable {
        let upstreams: UpstreamList
        let remoteName: RepositoryName
        /// Upstreams that lately sent wrong bytes for this digest: asked last.
        let distrusted: Set<String>
    }

    /// Why a fill came to nothing, and whom to blame.
    struct Failure: Error {
        let error: RegistryError
        /// The upstream that sent what is not the blob.
        var liar: String?
    }

    private struct State {
        var file: SpoolFile?
        var readers = 0
        var isAbandoned = false
    }

    let digest: Digest
    let progress = FillProgress()
    private let source: Source
    private let limits: FillLimits
    private let state = NIOLockedValueBox(State())

    init(_ digest: Digest, _ source: Source, _ limits: FillLimits) {
        self.digest = digest
        self.source = source
        self.limits = limits
    }

    /// The growing file; nil before the upstream has answered.
    var file: OpenFile? { state.withLockedValue { $0.file?.file } }

    /// Readers now; the caller holds the table's lock, so that none comes while the last one goes.
    func addReader() { state.withLockedValue { $0.readers += 1 } }

    /// Whether that was the last one.
    func removeReader() -> Bool {
        state.withLockedValue { state in
            state.readers -= 1
            return state.readers == 0
        }
    }

    var hasReaders: Bool { state.withLockedValue { $0.readers > 0 } }

    /// Ends the fill at the next piece.
    func abandon() { state.withLockedValue { $0.isAbandoned = true } }

    /// Fetches, hashes and spools the blob. Blocks its thread while writing.
    ///
    /// - Returns: The complete and verified file. The caller moves it into the store, then lets the readers have the rest.
    func fetch(into spool: Spool) async throws(Failure) -> (file: SpoolFile, size: Int64) {
        let blob: UpstreamBlob
        let upstream: any UpstreamRegistry
        do throws(UpstreamList.Verdict) {
            let digest = self.digest
            let name = source.remoteName
            (blob, upstream) = try await source.upstreams.first(avoiding: source.distrusted) {
                (upstream) async throws(UpstreamError) in try await upstream.blob(name, digest, range: nil)
            }
        } catch {
            throw Failure(error: RegistryError(error, absent: .blobUnknown))
        }
        guard blob.offset == 0 else {
            throw Failure(error: .badUpstream("\(upstream.name) sent a part of the blob where the whole was asked for"))
        }
        if let size = blob.totalSize, size > limits.blobSize {
            throw Failure(error: .badUpstream("the blob has \(size) bytes, more than server.max_blob_size allows"))
        }
        let file: SpoolFile
        do throws(StorageError) { file = try spool.makeFile(digest) } catch {
            throw Failure(error: RegistryError(error))
        }
        do throws(Failure) {
            state.withLockedValue { $0.file = file }
            progress.update { snapshot in
                snapshot.phase = .streaming
                snapshot.size = blob.totalSize
            }
            return (file, try await copy(blob, from: upstream, to: file))
        } catch {
            file.remove()
            throw error
        }
    }

    private func copy(
        _ blob: UpstreamBlob, from upstream: any UpstreamRegistry, to file: SpoolFile
    ) async throws(Failure) -> Int64 {
        var hasher = DigestHasher(digest.algorithm)
        while let piece = try await next(blob.body) {
            let end = hasher.count + Int64(piece.readableBytes)
            guard end <= blob.totalSize ?? limits.blobSize else {
                throw Failure(
                    error: .badUpstream("\(upstream.name) sent more bytes of the blob than it may have"),
                    liar: upstream.name)
            }
            do throws(StorageError) {
                try file.write(piece, at: hasher.count)
            } catch {
                throw Failure(error: RegistryError(error))
            }
            hasher.update(piece)
            progress.update { $0.released = max(0, end - limits.holdBack) }
            if state.withLockedValue({ $0.isAbandoned }) { throw Failure(error: .interrupted) }
        }
        if let size = blob.totalSize, hasher.count != size {
            throw Failure(
                error: .badUpstream("\(upstream.name) sent \(hasher.count) bytes of a blob of \(size)"),
                liar: upstream.name)
        }
        guard hasher.digest() == digest else {
            throw Failure(
                error: .badUpstream("\(upstream.name) sent bytes that are not those of \(digest)"), liar: upstream.name)
        }
        return hasher.count
    }

    private func next(_ body: UpstreamBody) async throws(Failure) -> ByteBuffer? {
        do throws(UpstreamError) {
            return try await body.next()
        } catch {
            let verdict = UpstreamList.Verdict(meaning: .failed, decisive: error)
            throw Failure(error: RegistryError(verdict, absent: .blobUnknown))
        }
    }
}

extension RegistryError {
    /// The upstream answered, with something that cannot be used.
    static func badUpstream(_ message: String) -> RegistryError {
        RegistryError(.unavailable, status: 502, message)
    }
}
