internal import Hashing
public import OCI
public import Storage
public import Upstream

/// One reader of a fill, at its own offset and its own speed. Letting go of it leaves the fill.
public final class FillReader: Sendable {
    private let fill: Fill
    private let leave: @Sendable () -> Void

    init(_ fill: Fill, leave: @escaping @Sendable () -> Void) {
        self.fill = fill
        self.leave = leave
    }

    deinit { leave() }

    /// How far it has come.
    var released: Int64 { fill.progress.snapshot.released }

    /// Waits for the upstream's answer: the size of the whole in bytes, nil if the upstream does not say.
    func size() async throws(RegistryError) -> Int64? {
        try await fill.progress.wait { snapshot in
            if case .asking = snapshot.phase { false } else { true }
        }.size
    }

    /// The file that holds the released bytes; nil before the upstream's answer.
    public var file: OpenFile? { fill.file }

    /// Waits for bytes after `offset`.
    ///
    /// - Returns: The end of what may be read now; nil if nothing after `offset` is kept: the content ends there, or
    ///   ``rest(from:to:)`` has more.
    /// - Throws: The fill's error: no more bytes will come, and what came is not the whole.
    public func end(after offset: Int64) async throws(RegistryError) -> Int64? {
        let snapshot = try await fill.progress.wait { snapshot in
            switch snapshot.phase {
            case .verified, .overflowed: true
            default: snapshot.released > offset
            }
        }
        return snapshot.released > offset ? snapshot.released : nil
    }

    /// Waits until the whole is stored.
    func finish() async throws(RegistryError) {
        let snapshot = try await fill.progress.wait { snapshot in
            switch snapshot.phase {
            case .verified, .overflowed: true
            default: false
            }
        }
        if case .overflowed = snapshot.phase { throw .interrupted }
    }

    /// What a full disk kept from being stored, straight from an upstream.
    ///
    /// - Parameters:
    ///   - offset: Where what is kept ends, or behind it.
    ///   - end: Behind the last byte that is wanted.
    /// - Returns: Nil if everything was kept.
    public func rest(from offset: Int64, to end: Int64) async throws(RegistryError) -> UpstreamBody? {
        let snapshot = fill.progress.snapshot
        guard case .overflowed(let hasher) = snapshot.phase, offset < min(end, snapshot.size ?? .max) else {
            return nil
        }
        let isToTheEnd = end >= snapshot.size ?? .max
        let passage = PassingPart(
            upstreams: fill.source.upstreams, remoteName: fill.source.remoteName, digest: fill.digest)
        guard let body = await passage.body(from: offset, to: isToTheEnd ? nil : end, skips: true, holding: self)
        else { throw .badUpstream("no upstream sends the rest of \(fill.digest), and there is no room to keep it") }
        guard isToTheEnd, offset == hasher.count else { return body }
        return VerifiedRest(body, of: fill.digest, after: hasher, size: snapshot.size, bound: fill.bound).body
    }
}
