public import NIOCore
internal import SigV4
public import Storage

extension S3Store {
    // MARK: Looking

    /// Nil if there is nothing.
    func row(_ key: ObjectKey) async throws(StorageError) -> GrowingRow? {
        let row = try await asked(key) { () async throws(S3Error) in try await look(key) }
        rows.note(found: row, key)
        return row
    }

    private func look(_ key: ObjectKey) async throws(S3Error) -> GrowingRow? {
        let name = name(key)
        var objects: [S3Page.Object] = []
        var previous: S3Page?
        repeat {
            let page = try await client.page(name, delimiter: nil, following: previous, limit: 1000)
            objects += page.objects
            previous = page
        } while previous?.next != nil
        return try await row(name, of: objects)
    }

    /// What a row is, by the objects that begin with its name.
    func row(_ name: String, of objects: [S3Page.Object]) async throws(S3Error) -> GrowingRow? {
        var row = GrowingRow()
        var pieces: [GrowingRow.Piece] = []
        var hasUpload = false
        var isThere = false
        for found in objects {
            let object = found.key
            if object == name {
                (row.whole, row.wholeEntity) = (found.size, found.entity)
            } else if object == "\(name)/\(GrowingRow.uploadName)" {
                hasUpload = true
            } else if object.hasPrefix(name + "/"), let start = Int64(object.dropFirst(name.count + 1)) {
                pieces.append(GrowingRow.Piece(start: start, size: found.size, entity: found.entity))
            } else {
                continue
            }
            isThere = true
            row.modified = max(row.modified, ISODate.seconds(found.modified) ?? 0)
        }
        guard isThere else { return nil }
        if hasUpload, let upload = try await uploadName(name) {
            // Nil where it has become an object, or was given up.
            if let parts = try await client.parts(name, upload) {
                var grown = row
                (grown.upload, grown.parts) = (upload, parts.found)
                // Where parts come one after the other, no object tells that they do.
                grown.modified = max(grown.modified, parts.modified)
                grown.pieces = GrowingRow.chain(pieces, from: grown.base)
                // Unless it was left while it was still being copied from the object.
                if grown.size >= row.whole ?? 0 { return grown }
            }
        }
        row.pieces = GrowingRow.chain(pieces, from: row.base)
        return row
    }

    // MARK: Growing

    public func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        let offset = known.size
        // A store that passes over conditions would let an object be replaced that another replica has written.
        let areKept = try await asked(key) { () async throws(S3Error) in try await keepsConditions() }
        if areKept, let row = rows[key], row.isExactly(known), offset > 0 || bytes.readableBytes > 0 {
            do throws(StorageError) {
                return try await extend(row, key, bytes, at: offset)
            } catch {
                // Another replica has made its parts an object meanwhile.
                guard error.code == .absent else { throw error }
            }
        }
        let found = try await row(key)
        let row = found ?? GrowingRow()
        guard row.size == offset else { throw .wrongSize(row.size, offset, key) }
        guard row.isExactly(known) else { throw Self.exchanged(key) }
        if found != nil, bytes.readableBytes == 0 { return known }
        return try await extend(row, key, bytes, at: offset)
    }

    static func exchanged(_ key: ObjectKey) -> StorageError {
        StorageError(.conflict, "somebody else has written something else there", key: key)
    }

    private func extend(
        _ known: GrowingRow, _ key: ObjectKey, _ bytes: ByteBuffer, at offset: Int64
    ) async throws(StorageError) -> GrownObject {
        // Until it is done, nothing is known.
        rows.forget(key)
        let row = try await asked(key) { () async throws(S3Error) in
            try await extended(known, name(key), bytes, at: offset)
        }
        rows.note(row, key)
        return row.growth.beginning(row.size)
    }

    private func extended(
        _ known: GrowingRow, _ name: String, _ bytes: ByteBuffer, at offset: Int64
    ) async throws(S3Error) -> GrowingRow {
        var row = known
        let most = partSize(row.parts.count)
        guard offset - row.base + Int64(bytes.readableBytes) >= most else {
            if row.pieces.count < GrowingRow.mostPieces {
                try await put(piece: bytes, at: offset, name, &row)
            } else {
                try await merge(&row, name, adding: bytes)
            }
            return row
        }
        try await begin(&row, name)
        var rest = try await gathered(row, name)
        rest.writeImmutableBuffer(bytes)
        let flushed = row.pieces
        row.pieces = []
        guard let upload = row.upload else { return row }
        while rest.readableBytes >= most {
            let length = client.settings.hasUniformParts ? Int(most) : rest.readableBytes
            guard let content = rest.readSlice(length: length) else { break }
            let part = try await client.uploadPart(name, upload, row.parts.count + 1, content)
            row.parts.append(GrowingRow.Part(part: part, size: Int64(length)))
        }
        if rest.readableBytes > 0 { try await put(piece: rest, at: row.base, name, &row) }
        // Those that are left over by a failure lie before the end of the parts, where nobody looks.
        let old = flushed.filter { $0.start < row.base }.map { "\(name)/\(GrowingRow.name($0.start))" }
        if !old.isEmpty { try await client.remove(old) }
        return row
    }

    private func put(piece bytes: ByteBuffer, at offset: Int64, _ name: String, _ row: inout GrowingRow)
        async throws(S3Error)
    {
        let entity = try await put(first: bytes, "\(name)/\(GrowingRow.name(offset))")
        row.pieces.append(GrowingRow.Piece(start: offset, size: Int64(bytes.readableBytes), entity: entity))
    }

    /// Of two that write the same piece the first one has written it, where the store can tell.
    private func put(first bytes: ByteBuffer, _ key: String) async throws(S3Error) -> String? {
        guard try await keepsConditions() else { return try await client.put(key, bytes) }
        let (isWritten, entity) = try await client.put(new: key, bytes)
        if isWritten { return entity }
        // It may have been written by the first of two tries.
        guard let (object, body) = try await client.get(key, 0..<Int64(max(1, bytes.readableBytes))) else {
            throw S3Error(.conflict, "somebody else has written there and removed it")
        }
        // The beginning of a row, which holds nothing.
        if object.size == 0 { return try await client.put(key, bytes) }
        guard object.size == bytes.readableBytes, let found = try? await body.collect(upTo: bytes.readableBytes),
            found == bytes
        else { throw S3Error(.conflict, "somebody else has written there") }
        return object.entity
    }

    /// Makes all pieces and what comes after them one piece. Those that are left over by a failure lie before its end.
    private func merge(_ row: inout GrowingRow, _ name: String, adding bytes: ByteBuffer) async throws(S3Error) {
        guard let first = row.pieces.first else { return }
        var whole = try await gathered(row, name)
        whole.writeImmutableBuffer(bytes)
        let entity = try await client.put("\(name)/\(GrowingRow.name(first.start))", whole)
        let old = row.pieces.dropFirst().map { "\(name)/\(GrowingRow.name($0.start))" }
        row.pieces = [GrowingRow.Piece(start: first.start, size: Int64(whole.readableBytes), entity: entity)]
        try await client.remove(old)
    }

    /// The small objects at the end of a row.
    func gathered(_ row: GrowingRow, _ name: String) async throws(S3Error) -> ByteBuffer {
        let pieces = row.pieces.filter { $0.size > 0 }
        guard let first = pieces.first else { return ByteBuffer() }
        let extents = pieces.map {
            S3Body.Extent(key: "\(name)/\(GrowingRow.name($0.start))", size: $0.size, entity: $0.entity)
        }
        let body = S3Body(client, extents, 0..<(row.size - first.start))
        return try await collected(body, row.size - first.start)
    }

    /// Sees to it that there is a multipart upload, which begins with the object that an earlier one became.
    func begin(_ row: inout GrowingRow, _ name: String) async throws(S3Error) {
        guard row.upload == nil else { return }
        let upload = try await client.createUpload(name)
        do throws(S3Error) {
            // Another one's parts must not be forgotten for it. Where the row was an object, it may have been left over.
            let marker = "\(name)/\(GrowingRow.uploadName)"
            if row.whole == nil {
                _ = try await put(first: ByteBuffer(string: upload), marker)
            } else {
                try await client.put(marker, ByteBuffer(string: upload))
            }
        } catch {
            try? await client.abortUpload(name, upload)
            throw error
        }
        let whole = row.whole ?? 0
        // More parts follow: none of these may be smaller than a part, or than the others where all must be alike.
        let size = client.settings.hasUniformParts ? whole - whole % Int64(client.settings.partSize) : whole
        row.parts = try await copied(name, first: size, of: whole, entity: row.wholeEntity, to: name, upload)
        if size < whole {
            let body = S3Body(client, [S3Body.Extent(key: name, size: whole, entity: row.wholeEntity)], size..<whole)
            let rest = try await collected(body, whole - size)
            let entity = try await client.put("\(name)/\(GrowingRow.name(size))", rest)
            row.pieces.insert(GrowingRow.Piece(start: size, size: whole - size, entity: entity), at: 0)
        }
        row.upload = upload
    }

    /// Larger ones where there are many, so that their number suffices for the largest blob.
    func partSize(_ count: Int) -> Int64 {
        let size = Int64(client.settings.partSize)
        return client.settings.hasUniformParts ? size : size * Int64(1 + count / 2500)
    }
}
