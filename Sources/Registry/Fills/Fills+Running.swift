internal import Cluster
internal import Hashing
internal import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Storage

/// A fill from its first byte to its place in the store.
extension Fills {
    func runInCluster(_ fill: Fill) async {
        guard let seat = fill.cluster?.seat else { return await run(fill) }
        await withTaskGroup { group in
            group.addTask { await seat.keep() }
            await run(fill)
            _ = await seat.next(.gaveUp)
            group.cancelAll()
        }
    }

    private func run(_ fill: Fill) async {
        let began = NIODeadline.now()
        do throws(FillError) {
            let (file, size) = try await fill.fetch(into: spool)
            if store.isRemote || fill.cluster != nil {
                // Nobody waits until it has gone over the network once more.
                fill.progress.update { ($0.size, $0.released) = (size, size) }
            }
            var failure: StorageError?
            // Another replica may be storing it.
            let turn = await fill.cluster?.seat.next(.whole)
            do throws(StorageError) {
                if case .end(.failed)? = turn { throw StorageError(.io, "the server stops") }
                try await keep(file, size, fill)
                if case .store? = turn { _ = await fill.cluster?.seat.next(.written) }
            } catch {
                file.remove()
                if case .store? = turn { _ = await fill.cluster?.seat.next(.unwritten) }
                guard error.isUnwritable || store.isRemote || fill.cluster != nil else {
                    throw FillError(error: RegistryError(error))
                }
                // Readers have the whole, and the right one, by its descriptor.
                failure = error
                leaveTable(fill)
            }
            fill.progress.update { snapshot in
                snapshot.phase = .verified
                snapshot.size = size
                snapshot.released = size
            }
            if let failure { return unstored(fill, failure, since: began) }
            Self.count("stored", since: began)
            Counter(label: "entrepot_fill_bytes_total").increment(by: size)
            logger.debug("filled", metadata: ["digest": "\(fill.digest)", "bytes": "\(size)"])
        } catch {
            if let hasher = error.overflow {
                leaveTable(fill)
                fill.progress.update { snapshot in
                    snapshot.phase = .overflowed(hasher)
                    snapshot.released = hasher.count
                }
                return unstored(fill, error.error.cause as? StorageError, since: began)
            }
            if !error.liars.isEmpty {
                state.withLockedValue { state in
                    if state.liars.count > 10_000 { state.liars = [:] }
                    state.liars[fill.digest, default: []].formUnion(error.liars)
                }
            }
            end(fill, error.error)
            let outcome = error.liars.isEmpty ? "failed" : "wrong_bytes"
            Self.count(outcome, since: began)
            Counter(label: "entrepot_fill_failures_total", dimensions: [("cause", error.cause)]).increment()
            logger.log(
                level: error.liars.isEmpty ? .notice : .error, "fill failed",
                metadata: ["digest": "\(fill.digest)", "error": "\(error.error)"])
        }
    }

    /// Into the store, then the grants, then out of the table: whoever looks finds the blob in one place or the other.
    private func keep(_ file: SpoolFile, _ size: Int64, _ fill: Fill) async throws(StorageError) {
        if try await store.blobInfo(fill.digest)?.size == size {
            // Stored already, perhaps durably by a push: not to be replaced by what a power loss may take.
            file.remove()
        } else {
            try await store.adoptBlob(file: file.path, fill.digest, .cached)
            state.withLockedValue { $0.storedBytes += size }
        }
        var granted: Set<RepositoryName> = []
        while true {
            let missing = state.withLockedValue { state -> Set<RepositoryName> in
                guard let running = state.running[fill.digest], running.fill === fill else { return [] }
                let missing = running.beneficiaries.subtracting(granted)
                if missing.isEmpty {
                    state.running[fill.digest] = nil
                    state.liars[fill.digest] = nil
                    if let claimed = fill.source.claimedSize, claimed > size {
                        Self.note(overstated: fill.digest, size, &state)
                    }
                }
                return missing
            }
            if missing.isEmpty { return }
            for repository in missing { try await store.grant(fill.digest, in: repository, .cached) }
            granted.formUnion(missing)
        }
    }

    private func leaveTable(_ fill: Fill) {
        state.withLockedValue { state in
            if state.running[fill.digest]?.fill === fill { state.running[fill.digest] = nil }
        }
    }

    /// - Parameter error: What kept it from being stored.
    private func unstored(_ fill: Fill, _ error: StorageError?, since began: NIODeadline) {
        Self.count("unstored", since: began)
        if let error, !error.isUnwritable {
            logger.error(
                "a blob is passed on without being stored, as the store failed",
                metadata: ["digest": "\(fill.digest)", "error": "\(error)"])
            return
        }
        logger.warning(
            "a blob is passed on without being stored, as the store cannot be written to, or is full and no room could be made",
            metadata: [
                "digest": "\(fill.digest)", "error": "\(error.map { "\($0)" } ?? "")",
                "remedy": "free or enlarge the disk, or lower cache.max_size; or make it writable",
            ])
    }

    private static func count(_ outcome: String, since began: NIODeadline) {
        Counter(label: "entrepot_fills_total", dimensions: [("outcome", outcome)]).increment()
        Timer(label: "entrepot_fill_seconds", dimensions: [("outcome", outcome)])
            .recordNanoseconds((NIODeadline.now() - began).nanoseconds)
    }

    func end(_ fill: Fill, _ error: RegistryError) {
        leaveTable(fill)
        fill.progress.update { $0.phase = .failed(error) }
    }
}
