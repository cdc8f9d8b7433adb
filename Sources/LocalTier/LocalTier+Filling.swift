internal import Coordination
internal import Hashing
internal import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Storage

/// Content on its way into a file, for whoever reads it meanwhile.
extension LocalTier {
    /// The fill that a reader of `range` follows; nil where it reads past.
    func fill(of object: RemoteObject, _ range: Range<Int64>, _ digest: Digest) -> TierFill? {
        if let running = state.withLockedValue({ $0.fills[digest] }) {
            let isNear = range.lowerBound - running.progress.value.released <= Self.farDistance
            (isNear ? metrics.followed : metrics.past).increment()
            return isNear ? running : nil
        }
        // Who wants a part may never want the rest.
        guard range == 0..<object.size, let fill = begin(object, digest) else {
            metrics.past.increment()
            return nil
        }
        metrics.fills.increment()
        return fill
    }

    private func begin(_ object: RemoteObject, _ digest: Digest) -> TierFill? {
        let time = now()
        let lacking = object.size - folder.room()
        var gone: [(Digest, TierIndex.Entry)] = []
        let isReserved = state.withLockedValue { state in
            guard time >= state.pausedUntil, state.fills.count < Self.mostFills, state.fills[digest] == nil,
                state.index[digest] == nil, let evicted = state.index.reserve(object.size)
            else { return false }
            gone = evicted
            // Others may have filled the disk.
            gone += state.index.evict(lacking - gone.reduce(0) { $0 + $1.1.size })
            return true
        }
        remove(gone)
        guard isReserved else { return nil }
        guard object.size <= folder.room(), let (path, file) = folder.makePartial() else {
            state.withLockedValue { state in
                state.index.release(object.size)
                state.pausedUntil = time + Self.pause
            }
            return nil
        }
        let fill = TierFill(digest, object, path: path, file: file)
        let other = state.withLockedValue { state in
            defer { if state.fills[digest] == nil { state.fills[digest] = fill } }
            return state.fills[digest]
        }
        if other == nil, start({ [self] in await run(fill) }) { return fill }
        folder.remove(partial: path)
        state.withLockedValue { state in
            state.index.release(object.size)
            if other == nil { state.fills[digest] = nil }
        }
        if other == nil { fill.end(.left) }
        return other
    }

    private func run(_ fill: TierFill) async {
        var phase = await fill.fetch(pool)
        let size = fill.object.size
        if case .verified = phase, !folder.keep(fill.path, fill.digest, size: size) { phase = .left }
        let time = now()
        state.withLockedValue { state in
            state.index.release(size)
            state.fills[fill.digest] = nil
            switch phase {
            case .verified: state.index.insert(fill.digest, size: size, checked: time, used: time)
            case .left: state.pausedUntil = time + Self.pause
            default: break
            }
            metrics.record(state.index)
        }
        switch phase {
        case .verified: break
        case .wrong:
            folder.remove(partial: fill.path)
            logger.error(
                "the store holds other bytes than the digest says",
                metadata: ["digest": "\(fill.digest)", "remedy": "run entrepot scrub"])
        default:
            folder.remove(partial: fill.path)
            logger.notice(
                "a blob was not kept on local disk: it could not be read or written to its end",
                metadata: ["digest": "\(fill.digest)"])
        }
        fill.end(phase)
    }

    /// Makes room on the disk for others, at the cost of what is here; whether that made some.
    ///
    /// - Parameter other: A file or folder that is to grow.
    public func makeRoom(for bytes: Int64, at other: String) async -> Bool {
        guard folder.shares(diskOf: other), folder.room() < max(bytes, 1) else { return false }
        let gone = state.withLockedValue { state in
            defer { metrics.record(state.index) }
            return state.index.evict(max(bytes, 1))
        }
        remove(gone)
        return !gone.isEmpty
    }

    func remove(_ gone: [(Digest, TierIndex.Entry)]) {
        for (digest, entry) in gone { folder.remove(digest, size: entry.size) }
        metrics.evictions.increment(by: Int64(gone.count))
    }
}
