import Cluster
import Logging
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Storage
import Upstream

extension Fill {
    /// A transfer from another replica or from the store; nil if the upstream is to be asked.
    ///
    /// - Parameters:
    ///   - event: What came of the transfer before.
    ///   - offset: How many bytes are here.
    func transferWithin(
        _ cluster: ClusterPart?, after event: FillCourse.Event, from offset: Int64
    ) async throws(FillError) -> FillTransfer? {
        guard let cluster else { return nil }
        var event = event
        while !isAbandoned, !Task.isCancelled {
            switch await cluster.seat.next(event) {
            case .fetch: return nil
            case .follow(let owner):
                switch await cluster.peers.blob(digest, for: source.repository, of: owner, from: offset) {
                case .content(let blob, let isVouched):
                    if let claimed = source.claimedSize, let total = blob.totalSize, total > claimed {
                        throw FillError(
                            error: .badUpstream("a blob of \(total) bytes is fetched where \(claimed) were claimed"))
                    }
                    if !isVouched { try await vouchOnce() }
                    return FillTransfer(blob, .replica(owner))
                case .refused(let error): throw FillError(error: error)
                case .notOwner: event = .notOwner
                case .unreachable(let error):
                    if noteUnreachable() {
                        source.upstreams.logger.warning(
                            "the replica that fetches a blob cannot be followed",
                            metadata: [
                                "digest": "\(digest)", "replica": "\(owner.address)", "error": "\(error)",
                            ])
                    }
                    event = .unreachable
                }
            case .read:
                try await vouchOnce()
                guard let blob = await stored(cluster, from: offset) else {
                    event = .brokeOff(progressed: false)
                    continue
                }
                return FillTransfer(blob, .store)
            case .store, .end: throw FillError(error: .interrupted)
            }
        }
        throw FillError(error: .interrupted)
    }

    /// Bytes that another repository's upstream gave are for those whom their own upstream vouches to.
    private func vouchOnce() async throws(FillError) {
        guard !isVouched else { return }
        do throws(RegistryError) { try await source.vouch() } catch { throw FillError(error: error) }
        noteVouched()
    }

    private func stored(_ cluster: ClusterPart, from offset: Int64) async -> UpstreamBlob? {
        guard let content = try? await cluster.stored(), content.size >= offset else { return nil }
        let size = content.size
        switch content {
        case .bytes(let bytes):
            let rest = NIOLockedValueBox(
                offset < size
                    ? bytes.getSlice(at: bytes.readerIndex + Int(offset), length: Int(size - offset)) : nil)
            return UpstreamBlob(
                totalSize: size, offset: offset, body: UpstreamBody { rest.withLockedValue { $0.take() } })
        case .file(let file, _):
            let position = NIOLockedValueBox(offset)
            return UpstreamBlob(
                totalSize: size, offset: offset,
                body: UpstreamBody { () async throws(UpstreamError) in
                    let start = position.withLockedValue { $0 }
                    guard start < size else { return nil }
                    guard let piece = file.bytes(at: start, count: Int(min(size - start, 1 << 20))) else {
                        throw UpstreamError(.cutShort, "the store holds less than it said")
                    }
                    position.withLockedValue { $0 += Int64(piece.readableBytes) }
                    return piece
                })
        case .remote(let object):
            let body = object.body(offset..<size)
            return UpstreamBlob(
                totalSize: size, offset: offset,
                body: UpstreamBody { () async throws(UpstreamError) in
                    do throws(StorageError) { return try await body.next() } catch {
                        throw UpstreamError(.cutShort, "the store broke off", cause: error)
                    }
                })
        }
    }
}
