internal import NIOCore
public import Storage

extension S3Store {
    public func move(_ source: ObjectKey, to key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        guard shape(source) == .growing else {
            let isMoved = try await asked(source) { () async throws(S3Error) in
                try await moveOnce(name(source), to: name(key))
            }
            if isMoved { return }
            throw StorageError(.absent, "there is nothing to move", key: source)
        }
        var known = rows[source]
        if known?.isEmpty ?? true { known = try await self.row(source) }
        guard let row = known, !row.isEmpty else {
            throw StorageError(.absent, "there is nothing to move", key: source)
        }
        let placed = try await place(row, source, at: key)
        try await asked(source) { () async throws(S3Error) in try await client.remove(placed.objects(name(source))) }
        rows.forget(source)
    }

    /// Leaves the source to who deletes it, which is one request for all of it.
    public func place(
        _ source: ObjectKey, _ known: GrownObject, at key: ObjectKey, _ durability: Durability
    ) async throws(StorageError) {
        guard shape(source) == .growing else { return try await move(source, to: key, durability) }
        var found = rows[source].flatMap { $0.isExactly(known) && !$0.isEmpty ? $0 : nil }
        if found == nil { found = try await row(source) }
        guard let row = found, !row.isEmpty else {
            throw StorageError(.absent, "there is nothing to move", key: source)
        }
        guard row.size == known.size else { throw .wrongSize(row.size, known.size, source) }
        guard row.isExactly(known) else { throw Self.exchanged(source) }
        rows.note(try await place(row, source, at: key), source)
    }

    /// Exactly the known row or nothing: whatever is read for it, copied or made one of its parts is told by the store's name for
    /// that content.
    ///
    /// - Returns: What is there of the source now.
    private func place(
        _ known: GrowingRow, _ source: ObjectKey, at key: ObjectKey
    ) async throws(StorageError) -> GrowingRow {
        // Until it is done, nothing is known.
        rows.forget(source)
        return try await asked(source) { () async throws(S3Error) in
            var row = known
            let name = name(source)
            if row.base == 0, row.upload == nil {
                // Under one part: never a multipart upload.
                if row.pieces.count == 1, let piece = row.pieces.first {
                    try await copy(
                        "\(name)/\(GrowingRow.name(0))", piece.size, entity: piece.entity, to: self.name(key))
                } else {
                    try await client.put(self.name(key), try await gathered(row, name))
                }
                return row
            }
            if row.upload != nil || !row.pieces.isEmpty { try await seal(&row, name) }
            guard let entity = row.wholeEntity else {
                throw S3Error(.conflict, "the answer was lost that tells what the object consists of")
            }
            try await copy(name, row.base, entity: entity, to: self.name(key))
            return row
        }
    }

    /// Makes all of a row one object.
    func seal(_ row: inout GrowingRow, _ name: String) async throws(S3Error) {
        if row.upload == nil { try await begin(&row, name) }
        guard let upload = row.upload else { return }
        if row.pieces.contains(where: { $0.size > 0 }) {
            let rest = try await gathered(row, name)
            let part = try await client.uploadPart(name, upload, row.parts.count + 1, rest)
            row.parts.append(GrowingRow.Part(part: part, size: Int64(rest.readableBytes)))
        }
        let size = row.base
        row.wholeEntity = try await client.completeUpload(name, upload, row.parts.map(\.part), size: size)
        // What lies before its end, or names an upload that is none any more, says nothing.
        row.remains += row.pieces.map { "\(name)/\(GrowingRow.name($0.start))" } + ["\(name)/\(GrowingRow.uploadName)"]
        (row.upload, row.parts, row.pieces, row.whole) = (nil, [], [], size)
    }

    /// Copies an object within the store: in one request where it may be, else in parts.
    func copy(
        _ source: String, _ size: Int64, entity: String? = nil, to key: String
    ) async throws(S3Error) {
        // What is less than a part never costs an upload in parts.
        let isOnePart = size <= Int64(client.settings.partSize)
        if isOnePart || size <= client.settings.copyThreshold {
            do throws(S3Error) { return try await client.copy(source, entity: entity, to: key) } catch {
                // Some have no copy, or none of that size.
                guard error.kind == .unsupported || error.code == "InvalidRequest" else { throw error }
            }
        }
        if isOnePart {
            let extent = S3Body.Extent(key: source, size: size, entity: entity)
            try await client.put(key, try await collected(S3Body(client, [extent], 0..<size), size))
            return
        }
        let upload = try await client.createUpload(key)
        do throws(S3Error) {
            let parts = try await copied(source, first: size, of: size, entity: entity, to: key, upload)
            try await client.completeUpload(key, upload, parts.map(\.part), size: size)
        } catch {
            try? await client.abortUpload(key, upload)
            throw error
        }
    }

    /// The beginning of an object as the first parts of an upload, several at a time.
    func copied(
        _ source: String, first count: Int64, of size: Int64, entity: String? = nil, to key: String, _ upload: String
    ) async throws(S3Error) -> [GrowingRow.Part] {
        let ranges = client.settings.copyRanges(count)
        return try await inParallel(ranges.count, jobs: client.settings.copyJobs) { index async throws(S3Error) in
            let range = ranges[index]
            return GrowingRow.Part(
                part: try await part(key, upload, index + 1, from: source, range, of: size, entity),
                size: Int64(range.count))
        }
    }

    private func part(
        _ key: String, _ upload: String, _ number: Int, from source: String, _ range: Range<Int64>, of size: Int64,
        _ entity: String?
    ) async throws(S3Error) -> S3Part {
        do throws(S3Error) {
            let isWhole = range.lowerBound == 0 && range.upperBound == size
            return try await client.copyPart(key, upload, number, from: source, isWhole ? nil : range, entity: entity)
        } catch {
            // A store without such copies: through here, one part in memory.
            guard error.kind == .unsupported else { throw error }
        }
        let body = S3Body(client, [S3Body.Extent(key: source, size: size, entity: entity)], range)
        return try await client.uploadPart(key, upload, number, try await collected(body, Int64(range.count)))
    }

    func collected(_ body: S3Body, _ size: Int64) async throws(S3Error) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(Int(size))
        while let piece = try await body.next() { bytes.writeImmutableBuffer(piece) }
        return bytes
    }

    /// Runs numbered work with bounded parallelism, in the order of the numbers.
    func inParallel<Value: Sendable>(
        _ count: Int, jobs: Int, _ work: @escaping @Sendable (Int) async throws(S3Error) -> Value
    ) async throws(S3Error) -> [Value] {
        do {
            return try await withThrowingTaskGroup(of: (Int, Value).self) { group in
                var values = [Value?](repeating: nil, count: count)
                var next = 0
                while next < min(jobs, count) {
                    group.addTask { [next] in (next, try await work(next)) }
                    next += 1
                }
                while let (index, value) = try await group.next() {
                    values[index] = value
                    if next < count {
                        group.addTask { [next] in (next, try await work(next)) }
                        next += 1
                    }
                }
                return values.compactMap { $0 }
            }
        } catch let error as S3Error {
            throw error
        } catch {
            throw S3Error(.cancelled, "the work was given up", cause: error)
        }
    }
}
