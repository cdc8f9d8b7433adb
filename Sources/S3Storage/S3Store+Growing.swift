internal import CurlClient
public import NIOCore
internal import SigV4
public import Storage

extension S3Store {
    // MARK: Looking

    /// Nil if there is nothing.
    func row(_ key: ObjectKey) async throws(StorageError) -> Row? {
        let row = try await asked(key) { () async throws(S3Error) in try await look(key) }
        rows.note(row ?? Row(), key)
        return row
    }

    private func look(_ key: ObjectKey) async throws(S3Error) -> Row? {
        let name = name(key)
        var row = Row()
        var pieces: [Row.Piece] = []
        var hasUpload = false
        var isThere = false
        var token: String?
        repeat {
            let page = try await client.page(name, delimiter: nil, after: nil, token: token, limit: 1000)
            for (object, size, modified) in page.objects {
                if object == name {
                    row.whole = size
                } else if object == "\(name)/\(Row.uploadName)" {
                    hasUpload = true
                } else if object.hasPrefix(name + "/"), let start = Int64(object.dropFirst(name.count + 1)) {
                    pieces.append(Row.Piece(start: start, size: size))
                } else {
                    continue
                }
                isThere = true
                row.modified = max(row.modified, ISODate.seconds(modified) ?? 0)
            }
            token = page.next
        } while token != nil
        guard isThere else { return nil }
        if hasUpload, let (_, body) = try await client.get("\(name)/\(Row.uploadName)", 0..<4096) {
            let text: ByteBuffer
            do throws(CurlError) { text = try await body.collect(upTo: 4096) } catch { throw S3Error(error) }
            let upload = String(buffer: text)
            // Nil where it has become an object, or was given up.
            if let parts = try await client.parts(name, upload) {
                (row.upload, row.parts) = (upload, parts)
                if let whole = row.whole, row.base < whole { (row.upload, row.parts) = (nil, []) }
            }
        }
        var end = row.base
        for piece in pieces where piece.start == end {
            row.pieces.append(piece)
            end += piece.size
        }
        return row
    }

    // MARK: Growing

    public func append(_ key: ObjectKey, _ bytes: ByteBuffer, at offset: Int64) async throws(StorageError) {
        if let known = rows[key], known.size == offset, offset > 0 || bytes.readableBytes > 0 {
            do throws(StorageError) {
                return try await extend(known, key, bytes, at: offset)
            } catch {
                // Another replica has made its parts an object meanwhile.
                guard error.code == .absent else { throw error }
            }
        }
        let found = try await row(key)
        guard (found?.size ?? 0) == offset, found != nil || offset == 0 else {
            throw StorageError(.conflict, "the object has \(found?.size ?? 0) bytes and not \(offset)", key: key)
        }
        if found != nil, bytes.readableBytes == 0 { return }
        try await extend(found ?? Row(), key, bytes, at: offset)
    }

    private func extend(
        _ known: Row, _ key: ObjectKey, _ bytes: ByteBuffer, at offset: Int64
    ) async throws(StorageError) {
        // Until it is done, nothing is known.
        rows.forget(key)
        let row = try await asked(key) { () async throws(S3Error) in
            try await extended(known, name(key), bytes, at: offset)
        }
        rows.note(row, key)
    }

    private func extended(
        _ known: Row, _ name: String, _ bytes: ByteBuffer, at offset: Int64
    ) async throws(S3Error) -> Row {
        var row = known
        let most = partSize(row.parts.count)
        guard offset - row.base + Int64(bytes.readableBytes) >= most else {
            try await put(piece: bytes, at: offset, name, &row)
            return row
        }
        var rest = try await gathered(row, name)
        rest.writeImmutableBuffer(bytes)
        let flushed = row.pieces
        row.pieces = []
        try await begin(&row, name)
        guard let upload = row.upload else { return row }
        while rest.readableBytes >= most {
            let length = client.settings.hasUniformParts ? Int(most) : rest.readableBytes
            guard let content = rest.readSlice(length: length) else { break }
            let part = try await client.uploadPart(name, upload, row.parts.count + 1, content)
            row.parts.append(Row.Part(part: part, size: Int64(length)))
        }
        if rest.readableBytes > 0 { try await put(piece: rest, at: row.base, name, &row) }
        // Those that are left over by a failure lie before the end of the parts, where nobody looks.
        let old = flushed.filter { $0.start < row.base }.map { "\(name)/\(Row.name($0.start))" }
        if !old.isEmpty { try await client.remove(old) }
        return row
    }

    private func put(piece bytes: ByteBuffer, at offset: Int64, _ name: String, _ row: inout Row) async throws(S3Error)
    {
        try await client.put("\(name)/\(Row.name(offset))", bytes)
        row.pieces.append(Row.Piece(start: offset, size: Int64(bytes.readableBytes)))
    }

    /// The small objects at the end of a row.
    func gathered(_ row: Row, _ name: String) async throws(S3Error) -> ByteBuffer {
        var whole = ByteBuffer()
        let pieces = row.pieces.filter { $0.size > 0 }
        guard let first = pieces.first else { return whole }
        whole.reserveCapacity(Int(row.size - first.start))
        let extents = pieces.map {
            S3Body.Extent(key: "\(name)/\(Row.name($0.start))", size: $0.size, entity: nil)
        }
        let body = S3Body(client, extents, 0..<(row.size - first.start))
        while let piece = try await body.next() { whole.writeImmutableBuffer(piece) }
        return whole
    }

    /// Sees to it that there is a multipart upload, which begins with the object that an earlier one became.
    func begin(_ row: inout Row, _ name: String) async throws(S3Error) {
        guard row.upload == nil else { return }
        let upload = try await client.createUpload(name)
        try await client.put("\(name)/\(Row.uploadName)", ByteBuffer(string: upload))
        row.parts = try await copied(name, row.whole ?? 0, to: name, upload)
        row.upload = upload
    }

    /// Larger ones where there are many, so that their number suffices for the largest blob.
    private func partSize(_ count: Int) -> Int64 {
        let size = Int64(client.settings.partSize)
        return client.settings.hasUniformParts ? size : size * Int64(1 + count / 2500)
    }
}
