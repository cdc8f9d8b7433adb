internal import CurlClient
internal import NIOCore
internal import SigV4

/// A part that the store has, as its completion names it.
struct S3Part: Sendable {
    let number: Int
    let entity: String
}

extension S3Client {
    /// - Returns: The upload's identifier.
    func createUpload(_ key: String) async throws(S3Error) -> String {
        let answer = try await ask(
            S3Call(
                "CreateMultipartUpload", .post, key: key, query: [.init("uploads", "")], headers: writingHeaders,
                body: ByteBuffer()))
        guard let id = answer["UploadId"], !id.isEmpty, id.utf8.count <= 1024 else {
            throw S3Error(.invalidAnswer, "the store began an upload without a name")
        }
        return id
    }

    func uploadPart(_ key: String, _ upload: String, _ number: Int, _ bytes: ByteBuffer) async throws(S3Error) -> S3Part
    {
        let response = try await send(
            S3Call("UploadPart", .put, key: key, query: Self.part(number, upload), body: bytes))
        guard let entity = response.headers["ETag"], !entity.isEmpty else {
            throw S3Error(.invalidAnswer, "the store took a part without an entity")
        }
        return S3Part(number: number, entity: entity)
    }

    /// Makes a range of another object a part.
    ///
    /// - Parameters:
    ///   - range: nil for the whole.
    ///   - entity: Nothing else will do; `S3Error.Kind.conflict` if the object is another now.
    func copyPart(
        _ key: String, _ upload: String, _ number: Int, from source: String, _ range: Range<Int64>?,
        entity: String? = nil
    ) async throws(S3Error) -> S3Part {
        var call = S3Call(
            "UploadPartCopy", .put, key: key, query: Self.part(number, upload), headers: [copySource(source)])
        if let range {
            call.headers.append(
                .init("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        if let entity { call.headers.append(.init("x-amz-copy-source-if-match", entity)) }
        let answer = try await ask(call)
        guard let entity = answer["ETag"], !entity.isEmpty else {
            throw S3Error(.invalidAnswer, "the store copied a part without an entity")
        }
        return S3Part(number: number, entity: entity)
    }

    /// - Parameter size: Of the whole, to tell an object that is complete from one that is not where an answer was lost.
    /// - Returns: What the store calls the object; nil where it does not say, or where the object that is there may consist of other
    ///   parts.
    /// - Throws: `S3Error.Kind.conflict` if a part is another now.
    @discardableResult
    func completeUpload(
        _ key: String, _ upload: String, _ parts: [S3Part], size: Int64
    ) async throws(S3Error) -> String? {
        let entries = parts.sorted { $0.number < $1.number }.map {
            "<Part><PartNumber>\($0.number)</PartNumber><ETag>\(XMLText.escape($0.entity))</ETag></Part>"
        }.joined()
        let call = S3Call(
            "CompleteMultipartUpload", .post, key: key, query: [.init("uploadId", upload)],
            headers: [.init("Content-Type", "application/xml")],
            body: ByteBuffer(string: "<CompleteMultipartUpload>\(entries)</CompleteMultipartUpload>"))
        do throws(S3Error) {
            return try await ask(call)["ETag"].flatMap { $0.isEmpty ? nil : $0 }
        } catch {
            // The first of two tries may have done it.
            guard error.kind == .absent, let object = try await head(key), object.size == size else { throw error }
            return object.entity.filter { $0 != "\"" } == Self.entity(of: parts) ? object.entity : nil
        }
    }

    /// What most stores call an object of these parts; nil where the parts are not called by their MD5.
    private static func entity(of parts: [S3Part]) -> String? {
        var sums: [UInt8] = []
        for part in parts.sorted(by: { $0.number < $1.number }) {
            guard let sum = Hashes.bytes(hex: part.entity.filter { $0 != "\"" }), sum.count == 16 else { return nil }
            sums += sum
        }
        return "\(Hashes.hex(sums.withUnsafeBytes { Hashes.md5($0) }))-\(parts.count)"
    }

    /// What is absent is no error.
    func abortUpload(_ key: String, _ upload: String) async throws(S3Error) {
        do throws(S3Error) {
            _ = try await send(
                S3Call("AbortMultipartUpload", .delete, key: key, query: [.init("uploadId", upload)]))
        } catch {
            if error.kind != .absent { throw error }
        }
    }

    /// Copies an object in one request, which takes at most 5 GiB.
    ///
    /// - Parameter entity: Nothing else will do; `S3Error.Kind.conflict` if the object is another now.
    func copy(_ source: String, entity: String? = nil, to key: String) async throws(S3Error) {
        var call = S3Call("CopyObject", .put, key: key, headers: writingHeaders + [copySource(source)])
        if let entity { call.headers.append(.init("x-amz-copy-source-if-match", entity)) }
        let answer = try await ask(call)
        guard answer["ETag"] != nil else {
            throw S3Error(.invalidAnswer, "the store's answer does not say that it copied the object")
        }
    }

    private func copySource(_ key: String) -> SigV4Request.Item {
        let path = SigV4Request(method: "GET", path: "/\(settings.bucket)/\(key)").encodedPath
        return .init("x-amz-copy-source", path)
    }

    private static func part(_ number: Int, _ upload: String) -> [SigV4Request.Item] {
        [.init("partNumber", String(number)), .init("uploadId", upload)]
    }
}
