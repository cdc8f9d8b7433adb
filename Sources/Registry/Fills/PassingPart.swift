import NIOConcurrencyHelpers
import NIOCore
import OCI
import Upstream

/// A part of a blob straight from upstreams: nothing of it is kept. Where one breaks off, another goes on.
struct PassingPart: Sendable {
    private static let tries = 4

    let upstreams: UpstreamList
    let remoteName: RepositoryName
    let digest: Digest
    /// What each upstream called the blob it sent a part of.
    private let entities = NIOLockedValueBox<[String: String]>([:])

    init(upstreams: UpstreamList, remoteName: RepositoryName, digest: Digest) {
        self.upstreams = upstreams
        self.remoteName = remoteName
        self.digest = digest
    }

    fileprivate struct State {
        var blob: UpstreamBlob
        var position: Int
        var offset: Int64
        var tries = PassingPart.tries
    }

    /// The bytes from `start` on; nil if no upstream begins to send them.
    ///
    /// - Parameters:
    ///   - end: Behind the last byte; nil for the end of the blob.
    ///   - skips: Takes also an upstream that knows no parts, and passes over what was not asked for.
    ///   - resource: Held until the part is served.
    func body(
        from start: Int64, to end: Int64?, skips: Bool = false, holding resource: (any Sendable)? = nil
    ) async -> UpstreamBody? {
        guard let first = await transfer(from: start, to: end, skips, favourite: nil) else { return nil }
        let state = NIOLockedValueBox(first)
        return UpstreamBody { () async throws(UpstreamError) in
            // Let go of with this closure.
            defer { withExtendedLifetime(resource) {} }
            while true {
                let now = state.withLockedValue { $0 }
                do throws(UpstreamError) {
                    guard let piece = try await now.blob.body.next() else { return nil }
                    if let fresh = state.withLockedValue({ $0.take(piece, from: start) }) { return fresh }
                } catch {
                    let reached = max(start, now.offset)
                    guard error.kind != .cancelled, now.tries > 0, end.map({ reached < $0 }) ?? true,
                        var next = await transfer(from: reached, to: end, skips, favourite: now.position)
                    else { throw error }
                    next.tries = now.tries - 1
                    state.withLockedValue { [next] in $0 = next }
                }
            }
        }
    }

    private func transfer(from offset: Int64, to end: Int64?, _ skips: Bool, favourite: Int?) async -> State? {
        let found = try? await upstreams.first(startingWith: favourite, .content) {
            (upstream) async throws(UpstreamError) in
            let entity = entities.withLockedValue { $0[upstream.name] }
            let blob = try await upstream.blob(
                remoteName, digest,
                range: offset == 0 && end == nil ? nil : UpstreamRange(from: offset, to: end, entity: entity))
            guard blob.offset == offset || (skips && blob.offset < offset) else {
                throw UpstreamError(.invalidResponse, "\(upstream.name) does not send parts of blobs")
            }
            return blob
        }
        guard let found else { return nil }
        if let entity = found.answer.entity { entities.withLockedValue { $0[found.upstream.name] = entity } }
        return State(blob: found.answer, position: found.position, offset: found.answer.offset)
    }
}

extension PassingPart.State {
    /// What of `piece` is new; nil if nothing is.
    fileprivate mutating func take(_ piece: ByteBuffer, from start: Int64) -> ByteBuffer? {
        let skipped = Int(min(max(0, start - offset), Int64(piece.readableBytes)))
        offset += Int64(piece.readableBytes)
        var piece = piece
        piece.moveReaderIndex(forwardBy: skipped)
        return piece.readableBytes > 0 ? piece : nil
    }
}
