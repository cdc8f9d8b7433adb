internal import CurlClient
internal import NIOCore
internal import SigV4

/// What the store says of an object.
struct S3Object: Sendable {
    /// Bytes.
    var size: Int64
    /// Seconds since 1970.
    var modified: Int64
    /// Tells this content from any other under the same key.
    var entity: String
}

extension S3Client {
    /// Nil if there is no such object.
    func head(_ key: String) async throws(S3Error) -> S3Object? {
        do throws(S3Error) {
            let response = try await send(S3Call("HeadObject", .head, key: key))
            guard let size = response.contentLength else { throw Self.nameless("HeadObject") }
            return try Self.object(response, size: size)
        } catch {
            if error.kind == .absent { return nil }
            throw error
        }
    }

    /// A part of an object, and what the whole is.
    ///
    /// - Parameters:
    ///   - range: Nil for the whole; up to `Int64.max` for all that comes.
    ///   - entity: Nothing else will do; `S3Error.Kind.conflict` if the object is another now.
    /// - Returns: nil if there is no such object.
    func get(
        _ key: String, _ range: Range<Int64>?, entity: String? = nil
    ) async throws(S3Error) -> (object: S3Object, body: CurlBody)? {
        var call = S3Call("GetObject", .get, key: key)
        if let range {
            let last = range.upperBound == .max ? "" : "\(range.upperBound - 1)"
            call.headers.append(.init("Range", "bytes=\(range.lowerBound)-\(last)"))
        }
        let range = range ?? 0..<Int64.max
        if let entity { call.headers.append(.init("If-Match", entity)) }
        do throws(S3Error) {
            let response = try await send(call)
            guard response.status == 206 else {
                // The whole, which a store may send; and has to, where there is nothing to cut a part from.
                guard response.status == 200, range.lowerBound == 0, let size = response.contentLength else {
                    throw S3Error(.invalidAnswer, "the store sent something else than the range asked for")
                }
                return (try Self.object(response, size: size), response.body)
            }
            guard let text = response.headers["Content-Range"], let total = Self.total(text, range) else {
                throw S3Error(.invalidAnswer, "the store sent another range than the one asked for")
            }
            return (try Self.object(response, size: total), response.body)
        } catch {
            if error.kind == .absent { return nil }
            // Of an empty object there is no range.
            if error.status == 416, range.lowerBound == 0, let object = try await head(key), object.size == 0 {
                let response = try await send(S3Call("GetObject", .get, key: key))
                return (try Self.object(response, size: 0), response.body)
            }
            throw error
        }
    }

    /// - Returns: The entity that was written; nil where the store does not say.
    @discardableResult
    func put(_ key: String, _ bytes: ByteBuffer) async throws(S3Error) -> String? {
        let response = try await send(
            S3Call("PutObject", .put, key: key, headers: writingHeaders, body: bytes))
        return response.headers["ETag"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Writes an object unless there is one. Where an answer was lost it may say that it did not all the same.
    ///
    /// Only for stores of which is known that they keep to conditions.
    func put(new key: String, _ bytes: ByteBuffer) async throws(S3Error) -> (isWritten: Bool, entity: String?) {
        try await put(key, bytes, if: .init("If-None-Match", "*"))
    }

    /// Writes an object in the place of one that is still `entity`. Where an answer was lost it may say that it did not all
    /// the same.
    func put(_ key: String, _ bytes: ByteBuffer, over entity: String) async throws(S3Error) -> Bool {
        do throws(S3Error) {
            return try await put(key, bytes, if: .init("If-Match", entity)).isWritten
        } catch {
            switch error.kind {
            case .absent: return false
            // There are some that know no other condition than that there be no object.
            case .unsupported:
                try await put(key, bytes)
                return true
            default: throw error
            }
        }
    }

    private func put(
        _ key: String, _ bytes: ByteBuffer, if condition: SigV4Request.Item
    ) async throws(S3Error) -> (isWritten: Bool, entity: String?) {
        do throws(S3Error) {
            let response = try await send(
                S3Call("PutObject", .put, key: key, headers: writingHeaders + [condition], body: bytes))
            return (true, response.headers["ETag"].flatMap { $0.isEmpty ? nil : $0 })
        } catch {
            if error.kind == .conflict { return (false, nil) }
            throw error
        }
    }

    /// Removes an object; what is absent is no error.
    func delete(_ key: String) async throws(S3Error) {
        do throws(S3Error) {
            _ = try await send(S3Call("DeleteObject", .delete, key: key))
        } catch {
            if error.kind != .absent { throw error }
        }
    }

    /// How many objects can be removed in one request.
    static let mostRemoved = 1000

    func delete(_ keys: [String]) async throws(S3Error) {
        let entries = keys.map { "<Object><Key>\(XMLText.escape($0))</Key></Object>" }.joined()
        let body = ByteBuffer(string: "<Delete><Quiet>true</Quiet>\(entries)</Delete>")
        let sum = body.withUnsafeReadableBytes { ContentMD5.of($0) }
        let answer = try await ask(
            S3Call(
                "DeleteObjects", .post, query: [.init("delete", "")],
                headers: [.init("Content-MD5", sum), .init("Content-Type", "application/xml")], body: body),
            limit: 4 << 20)
        guard let error = answer.first("Error") else { return }
        throw S3Error(
            status: 0, code: Self.word(error["Code"] ?? ""), said: "",
            operation: "DeleteObjects in the bucket \(settings.bucket)")
    }

    /// What is to be said wherever an object begins.
    var writingHeaders: [SigV4Request.Item] {
        var headers: [SigV4Request.Item] = []
        if let storageClass = settings.storageClass { headers.append(.init("x-amz-storage-class", storageClass)) }
        switch settings.encryption {
        case .managed?: headers.append(.init("x-amz-server-side-encryption", "AES256"))
        case .kms(let id)?:
            headers.append(.init("x-amz-server-side-encryption", "aws:kms"))
            if let id { headers.append(.init("x-amz-server-side-encryption-aws-kms-key-id", id)) }
        case nil: break
        }
        return headers
    }

    private static func object(_ response: CurlResponse, size: Int64) throws(S3Error) -> S3Object {
        guard let entity = response.headers["ETag"], entity.utf8.count <= 256 else { throw nameless("GetObject") }
        let modified = response.headers["Last-Modified"].flatMap(HTTPDate.seconds) ?? 0
        return S3Object(size: size, modified: modified, entity: entity)
    }

    private static func nameless(_ operation: String) -> S3Error {
        S3Error(.invalidAnswer, "the store's answer to \(operation) does not say size and entity of the object")
    }

    /// The size of the whole from `bytes 0-9/100`, if it tells of the range that was asked for.
    private static func total(_ text: String, _ asked: Range<Int64>) -> Int64? {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        let bounds = parts.first?.split(separator: "-").map { Int64($0) } ?? []
        guard parts.count == 2, bounds.count == 2, let total = Int64(parts[1]), let first = bounds[0],
            let last = bounds[1], first == asked.lowerBound, last == min(asked.upperBound, total) - 1
        else { return nil }
        return total
    }
}
