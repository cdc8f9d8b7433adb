import Cluster
import Hashing
import Logging
import Metrics
import NIOCore
import OCI
import Storage
import Upstream

extension Fill {
    /// The bytes so far, whoever sent them.
    private struct Content {
        var hasher: DigestHasher
        let file: SpoolFile
        /// Of the whole; nil as long as nobody has said it.
        var size: Int64?
        var contributors: Set<String> = []
        /// What each upstream called the blob it sent a part of.
        var entities: [String: String] = [:]
    }

    /// Bytes beyond which nothing is taken from an upstream that does not say how much there is.
    var bound: Int64 { min(source.claimedSize ?? limits.blobSize, limits.blobSize) }

    /// Fetches, hashes and spools the blob. Blocks its thread while writing.
    ///
    /// A transfer that breaks off is continued where it ended, by the same upstream if it can, else by the others.
    ///
    /// - Returns: The complete and verified file. The caller moves it into the store, then lets the readers have the rest.
    func fetch(into spool: Spool) async throws(FillError) -> (file: SpoolFile, size: Int64) {
        let first: FillTransfer
        if let other = try await transferWithin(cluster, after: .begun, from: 0) {
            first = other
        } else {
            first = try await firstFromUpstream()
        }
        guard first.next == 0 else {
            throw FillError(error: .badUpstream("\(first.name) sent a part of the blob where the whole was asked for"))
        }
        if let size = first.totalSize, size > limits.blobSize {
            throw FillError(error: .badUpstream("the blob has \(size) bytes, more than server.max_blob_size allows"))
        }
        let file: SpoolFile
        do throws(StorageError) { file = try await makeFile(spool, size: first.totalSize) } catch {
            if error.isUnwritable { progress.update { $0.size = first.totalSize } }
            throw FillError(
                error: RegistryError(error), overflow: error.isUnwritable ? DigestHasher(digest.algorithm) : nil)
        }
        do throws(FillError) {
            begin(file, size: first.totalSize)
            return (file, try await copy(first, to: file))
        } catch {
            file.remove()
            throw error
        }
    }

    private func firstFromUpstream() async throws(FillError) -> FillTransfer {
        do throws(UpstreamListError) {
            let found = try await source.upstreams.first(avoiding: source.distrusted, .content) {
                [digest, name = source.remoteName, claimed = source.claimedSize] (upstream) async throws(UpstreamError)
                in
                let blob = try await upstream.blob(name, digest, range: nil)
                if let claimed, let total = blob.totalSize, total > claimed {
                    throw UpstreamError(
                        .invalidResponse, "\(upstream.name) announces \(total) bytes of a blob that has \(claimed)")
                }
                return blob
            }
            return FillTransfer(found.answer, .upstream(found.upstream, position: found.position))
        } catch {
            throw FillError(error: RegistryError(error, absent: .blobUnknown))
        }
    }

    private func makeFile(_ spool: Spool, size: Int64?) async throws(StorageError) -> SpoolFile {
        do throws(StorageError) { return try spool.makeFile(digest) } catch {
            guard error.code == .noSpace, await makeRoom(size ?? 0) else { throw error }
            return try spool.makeFile(digest)
        }
    }

    /// Writes the next piece; on a full disk once more after room was made.
    private func write(_ piece: ByteBuffer, to content: Content) async throws(StorageError) {
        do throws(StorageError) {
            try content.file.write(piece, at: content.hasher.count)
        } catch {
            let left = content.size.map { $0 - content.hasher.count } ?? 0
            guard error.code == .noSpace, await makeRoom(left) else { throw error }
            try content.file.write(piece, at: content.hasher.count)
        }
    }

    private func copy(_ first: FillTransfer, to file: SpoolFile) async throws(FillError) -> Int64 {
        var content = Content(hasher: DigestHasher(digest.algorithm), file: file, size: first.totalSize)
        var transfer = first
        var idle = 0
        // Upstreams that answer and bring nothing: the others come first, however willing these are.
        var stuck: Set<Int>?
        copying: while true {
            let start = content.hasher.count
            let breakage: UpstreamError
            switch try await take(&transfer, into: &content) {
            case .complete: break copying
            case .overtaken:
                // Without a word of another replica it goes on as it was.
                if let other = try await transferWithin(cluster, after: .overtaken, from: start) { transfer = other }
                continue
            case .brokeOff(let error): breakage = error
            }
            if content.hasher.count == content.size { break }
            let progressed = content.hasher.count - start >= limits.progress
            guard case .upstream(let upstream, let position) = transfer.sender else {
                source.upstreams.logger.notice(
                    "a fill that followed another replica goes on otherwise",
                    metadata: ["digest": "\(digest)", "error": "\(breakage)"])
                let event = FillCourse.Event.brokeOff(progressed: content.hasher.count > start)
                if let other = try await transferWithin(cluster, after: event, from: content.hasher.count) {
                    transfer = other
                } else {
                    transfer = try await resume(nil, after: breakage, content, stuck ?? [], &idle)
                }
                content.size = content.size ?? transfer.totalSize
                continue
            }
            source.upstreams.health.failed(upstream.name, breakage)
            if progressed {
                (idle, stuck) = (0, [])
            } else {
                // The first transfer has told nothing yet of what a second one would bring.
                stuck?.insert(position)
            }
            transfer = try await resume(position, after: breakage, content, stuck ?? [], &idle)
            stuck = stuck ?? []
        }
        guard content.hasher.digest() == digest else {
            let names = content.contributors.sorted().joined(separator: " and ")
            throw FillError(
                error: .badUpstream("\(names) sent bytes that are not those of \(digest)"), liars: content.contributors)
        }
        return content.hasher.count
    }

    private enum Ending {
        case complete
        case brokeOff(UpstreamError)
        /// Another replica may have taken over.
        case overtaken
    }

    /// Takes what one transfer brings.
    private func take(_ transfer: inout FillTransfer, into content: inout Content) async throws(FillError) -> Ending {
        let name = transfer.name
        content.entities[name] = transfer.entity
        // An upstream without ranges begins at the beginning. If it repeats something else than we have, it is no
        // continuation; better to know now than at the digest.
        var skipped = content.hasher.count - transfer.next
        while true {
            if cluster?.seat.isOvertaken == true { return .overtaken }
            var piece: ByteBuffer
            do throws(UpstreamError) {
                guard let next = try await transfer.body.next() else { break }
                piece = next
            } catch {
                if error.kind == .cancelled { throw FillError(error: .interrupted) }
                return .brokeOff(error)
            }
            transfer.next += Int64(piece.readableBytes)
            if isAbandoned { throw FillError(error: .interrupted) }
            let repeated = min(skipped, Int64(piece.readableBytes))
            if let known = piece.readSlice(length: Int(repeated)), repeated > 0,
                !content.file.holds(known, at: content.hasher.count - skipped)
            {
                return .brokeOff(
                    UpstreamError(.invalidResponse, "\(name) sends other bytes than those that came before"))
            }
            skipped -= repeated
            guard piece.readableBytes > 0 else { continue }
            let end = content.hasher.count + Int64(piece.readableBytes)
            guard end <= content.size ?? bound else {
                throw FillError(
                    error: .badUpstream("\(name) sent more bytes of the blob than it may have"), liars: [name])
            }
            // Without an announced size a reader would wait for ever, and a disk be filled for nothing.
            if content.size == nil, source.claimedSize == nil, !content.file.leavesRoom(at: end) {
                throw FillError(
                    error: .badUpstream("\(name) sends a blob of unknown size for which there is no room"),
                    liars: [name])
            }
            do throws(StorageError) {
                try await write(piece, to: content)
            } catch {
                throw FillError(error: RegistryError(error), overflow: error.isUnwritable ? content.hasher : nil)
            }
            content.hasher.update(piece)
            content.contributors.insert(name)
            progress.update { $0.released = max(0, end - limits.holdBack) }
        }
        guard content.hasher.count == content.size ?? content.hasher.count, skipped == 0 else {
            return .brokeOff(
                UpstreamError(
                    .cutShort, "\(name) sent \(content.hasher.count) bytes of a blob of \(content.size ?? 0)"))
        }
        return .complete
    }

    /// A transfer of the rest: from the upstream that broke off, else from another.
    ///
    /// - Parameters:
    ///   - last: The position of the upstream that broke off; nil if it was none.
    ///   - idle: How many transfers in a row brought too little.
    private func resume(
        _ last: Int?, after breakage: UpstreamError, _ content: Content, _ stuck: Set<Int>, _ idle: inout Int
    ) async throws(FillError) -> FillTransfer {
        let offset = content.hasher.count
        let size = content.size
        let entities = content.entities
        var isPausing = stuck.count >= source.upstreams.upstreams.count
        while idle < limits.idleTransfers, !isAbandoned, !Task.isCancelled {
            if isPausing { await timers.sleep(.milliseconds(250) * (1 << min(idle, 10))) }
            idle += 1
            let found = try? await source.upstreams.first(
                avoiding: source.distrusted, startingWith: last.flatMap { stuck.contains($0) ? nil : $0 },
                stuck: stuck, .content
            ) { [digest, name = source.remoteName] (upstream) async throws(UpstreamError) in
                let blob = try await upstream.blob(
                    name, digest, range: UpstreamRange(from: offset, entity: entities[upstream.name]))
                if let total = blob.totalSize, let size, total != size {
                    throw UpstreamError(
                        .invalidResponse, "\(upstream.name) has \(total) bytes where \(size) were announced")
                }
                guard blob.offset <= offset else {
                    throw UpstreamError(.invalidResponse, "\(upstream.name) sent a part that was not asked for")
                }
                return blob
            }
            guard let found else {
                isPausing = true
                continue
            }
            Counter(
                label: "entrepot_fill_continuations_total", dimensions: [("upstream", found.upstream.name)]
            ).increment()
            return FillTransfer(found.answer, .upstream(found.upstream, position: found.position))
        }
        if isAbandoned || Task.isCancelled { throw FillError(error: .interrupted) }
        throw FillError(
            error: RegistryError(UpstreamListError(meaning: .failed, decisive: breakage), absent: .blobUnknown))
    }
}
