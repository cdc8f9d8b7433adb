import Foundation
import NIOConcurrencyHelpers
import NIOCore
import SigV4
import TestSupport

/// A bucket in memory that knows multipart uploads and conditions, takes parts of any size, and lets a test do something before
/// any request: so that all orders in which replicas can ask it are gone through in seconds.
final class BucketOfParts: Sendable {
    private struct Object {
        var bytes: ByteBuffer
        var entity: String
    }

    private struct Upload {
        let key: String
        var parts: [Int: Object] = [:]
    }

    private struct State {
        var objects: [String: Object] = [:]
        var uploads: [String: Upload] = [:]
        var begun = 0
    }

    private let state = NIOLockedValueBox(State())

    func bytes(_ key: String) -> ByteBuffer? { state.withLockedValue { $0.objects[key]?.bytes } }

    func put(_ key: String, _ bytes: ByteBuffer) {
        state.withLockedValue { $0.objects[key] = Object(bytes: bytes, entity: Self.entity(bytes)) }
    }

    func remove(_ key: String) { state.withLockedValue { $0.objects[key] = nil } }

    func answer(_ request: TestRequest) -> TestResponse {
        let key = String(request.path.dropFirst("/bucket/".count)).removingPercentEncoding ?? ""
        let items = URLComponents(string: "x:?\(request.query ?? "")")?.queryItems ?? []
        let query = Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
        return state.withLockedValue { state in
            if query["list-type"] != nil { return Self.list(state, query["prefix"] ?? "", query["delimiter"]) }
            if query["delete"] != nil {
                for entry in String(buffer: request.body).components(separatedBy: "<Key>").dropFirst() {
                    state.objects[String(entry.prefix { $0 != "<" })] = nil
                }
                return .answer(200, text: "<DeleteResult></DeleteResult>")
            }
            if query["uploads"] != nil {
                state.begun += 1
                state.uploads["upload-\(state.begun)"] = Upload(key: key)
                return .answer(
                    200,
                    text: "<R><UploadId>upload-\(state.begun)</UploadId></R>")
            }
            if let id = query["uploadId"] { return Self.answer(&state, request, key, id, query["partNumber"]) }
            return Self.answer(&state, request, key)
        }
    }

    private static func answer(_ state: inout State, _ request: TestRequest, _ key: String) -> TestResponse {
        switch request.method {
        case "DELETE":
            state.objects[key] = nil
            return .answer(204)
        case "PUT":
            if request.header("If-None-Match") != nil, state.objects[key] != nil { return failed }
            guard request.header("x-amz-copy-source") != nil else {
                state.objects[key] = Object(bytes: request.body, entity: entity(request.body))
                return .answer(200, [("ETag", entity(request.body))])
            }
            guard let source = source(state, request) else { return absent }
            guard matches(source, request.header("x-amz-copy-source-if-match")) else { return failed }
            let copy = Object(bytes: source.bytes, entity: entity(source.bytes))
            state.objects[key] = copy
            return .answer(200, text: "<CopyObjectResult><ETag>\(copy.entity)</ETag></CopyObjectResult>")
        default:
            guard let object = state.objects[key] else {
                return request.method == "HEAD" ? .answer(404, length: 0) : absent
            }
            guard matches(object, request.header("If-Match")) else { return failed }
            let headers = [("ETag", object.entity)]
            let size = object.bytes.readableBytes
            guard request.method == "GET" else { return .answer(200, headers, length: size) }
            guard let range = request.header("Range").flatMap({ self.range($0, size) }) else {
                return .answer(200, headers, body: object.bytes)
            }
            return .answer(
                206, headers + [("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)")],
                body: object.bytes.getSlice(at: object.bytes.readerIndex + range.lowerBound, length: range.count)
                    ?? ByteBuffer())
        }
    }

    private static func answer(
        _ state: inout State, _ request: TestRequest, _ key: String, _ id: String, _ part: String?
    ) -> TestResponse {
        guard let upload = state.uploads[id], upload.key == key else {
            return .answer(404, text: "<Error><Code>NoSuchUpload</Code></Error>")
        }
        switch request.method {
        case "DELETE":
            state.uploads[id] = nil
            return .answer(204)
        case "PUT":
            guard let number = part.flatMap({ Int($0) }) else { return failed }
            var object = Object(bytes: request.body, entity: entity(request.body))
            if request.header("x-amz-copy-source") != nil {
                guard let source = source(state, request) else { return absent }
                guard matches(source, request.header("x-amz-copy-source-if-match")) else { return failed }
                object = Object(bytes: source.bytes, entity: entity(source.bytes))
            }
            state.uploads[id]?.parts[number] = object
            guard request.header("x-amz-copy-source") != nil else {
                return .answer(200, [("ETag", object.entity)])
            }
            return .answer(200, text: "<CopyPartResult><ETag>\(object.entity)</ETag></CopyPartResult>")
        case "GET":
            let parts = upload.parts.sorted { $0.key < $1.key }.map {
                "<Part><PartNumber>\($0)</PartNumber><ETag>\($1.entity)</ETag><Size>\($1.bytes.readableBytes)</Size></Part>"
            }
            return .answer(200, text: "<ListPartsResult>\(parts.joined())</ListPartsResult>")
        default:
            var whole = ByteBuffer()
            var sums: [UInt8] = []
            let named = String(buffer: request.body).components(separatedBy: "<Part>").dropFirst()
            for text in named {
                func field(_ name: String) -> String {
                    let rest = text.components(separatedBy: "<\(name)>").last ?? ""
                    return String(rest.prefix { $0 != "<" }).replacingOccurrences(of: "&quot;", with: "\"")
                }
                guard let number = Int(field("PartNumber")), let part = upload.parts[number],
                    part.entity == field("ETag")
                else { return .answer(400, text: "<Error><Code>InvalidPart</Code></Error>") }
                whole.writeImmutableBuffer(part.bytes)
                sums += md5(part.bytes)
            }
            let entity = "\"\(Hashes.hex(md5(ByteBuffer(bytes: sums))))-\(named.count)\""
            state.objects[key] = Object(bytes: whole, entity: entity)
            state.uploads[id] = nil
            return .answer(
                200, text: "<CompleteMultipartUploadResult><ETag>\(entity)</ETag></CompleteMultipartUploadResult>")
        }
    }

    private static func list(_ state: State, _ prefix: String, _ delimiter: String?) -> TestResponse {
        var entries = ""
        var folders: Set<String> = []
        for (key, object) in state.objects.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            if let delimiter, let end = key.dropFirst(prefix.count).range(of: delimiter)?.upperBound {
                folders.insert(String(key[..<end]))
                continue
            }
            entries += "<Contents><Key>\(key)</Key><Size>\(object.bytes.readableBytes)</Size>"
            entries += "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\(object.entity)</ETag></Contents>"
        }
        for folder in folders.sorted() { entries += "<CommonPrefixes><Prefix>\(folder)</Prefix></CommonPrefixes>" }
        return .answer(200, text: "<ListBucketResult><IsTruncated>false</IsTruncated>\(entries)</ListBucketResult>")
    }

    private static func source(_ state: State, _ request: TestRequest) -> Object? {
        let path = request.header("x-amz-copy-source")?.removingPercentEncoding ?? ""
        return state.objects[String(path.dropFirst("/bucket/".count))]
    }

    private static func matches(_ object: Object, _ condition: String?) -> Bool {
        condition.map { $0 == object.entity } ?? true
    }

    private static func range(_ text: String, _ size: Int) -> Range<Int>? {
        let bounds = text.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard let first = bounds.first, first < size else { return nil }
        return first..<min((bounds.count > 1 ? bounds[1] : size - 1) + 1, size)
    }

    private static let absent = TestResponse.answer(404, text: "<Error><Code>NoSuchKey</Code></Error>")
    private static let failed = TestResponse.answer(412, text: "<Error><Code>PreconditionFailed</Code></Error>")

    private static func md5(_ bytes: ByteBuffer) -> [UInt8] { bytes.withUnsafeReadableBytes { Hashes.md5($0) } }

    private static func entity(_ bytes: ByteBuffer) -> String { "\"\(Hashes.hex(md5(bytes)))\"" }
}
