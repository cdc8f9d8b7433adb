import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Upstream

/// The rest of a blob whose beginning is hashed already: the last piece is held back until the digest is right.
struct VerifiedRest: Sendable {
    private struct State {
        var hasher: DigestHasher
        var held: ByteBuffer?
        var isAtEnd = false
    }

    private let rest: UpstreamBody
    private let digest: Digest
    /// Bytes of the whole; nil if nobody said it.
    private let size: Int64?
    private let bound: Int64
    private let state: NIOLockedValueBox<State>

    /// - Parameters:
    ///   - hasher: Has taken what comes before.
    ///   - bound: Bytes that the whole may have at most.
    init(_ rest: UpstreamBody, of digest: Digest, after hasher: DigestHasher, size: Int64?, bound: Int64) {
        self.rest = rest
        self.digest = digest
        self.size = size
        self.bound = bound
        state = NIOLockedValueBox(State(hasher: hasher))
    }

    var body: UpstreamBody { UpstreamBody { () async throws(UpstreamError) in try await next() } }

    private func next() async throws(UpstreamError) -> ByteBuffer? {
        while true {
            if state.withLockedValue({ $0.isAtEnd }) { return nil }
            guard let piece = try await rest.next() else { return try end() }
            let (count, ready) = state.withLockedValue { state in
                state.hasher.update(piece)
                defer { state.held = piece }
                return (state.hasher.count, state.held)
            }
            guard count <= size ?? bound else {
                throw UpstreamError(.invalidResponse, "an upstream sent more bytes of \(digest) than it has")
            }
            if let ready { return ready }
        }
    }

    private func end() throws(UpstreamError) -> ByteBuffer? {
        let (actual, held) = state.withLockedValue { state in
            defer { (state.held, state.isAtEnd) = (nil, true) }
            return (state.hasher.digest(), state.held)
        }
        guard actual == digest else {
            throw UpstreamError(.invalidResponse, "upstreams sent bytes that are not those of \(digest)")
        }
        return held
    }
}
