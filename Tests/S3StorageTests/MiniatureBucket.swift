import NIOConcurrencyHelpers
import NIOCore
import TestSupport

/// A bucket in memory, of which a test knows what happens between two requests.
final class MiniatureBucket: Sendable {
    private struct State {
        var objects: [String: ByteBuffer] = [:]
        var afterCopy: [String: ByteBuffer?] = [:]
        var log: [String] = []
    }

    private let state = NIOLockedValueBox(State())

    var keys: [String] { state.withLockedValue { $0.objects.keys.sorted() } }

    /// Methods and keys of what was asked for.
    var log: [String] { state.withLockedValue { $0.log } }

    func put(_ key: String, _ bytes: ByteBuffer) { state.withLockedValue { $0.objects[key] = bytes } }

    func bytes(_ key: String) -> ByteBuffer? { state.withLockedValue { $0.objects[key] } }

    /// What somebody else puts in the place of an object after it was copied and before who copied is told; nil deletes it.
    func afterCopying(_ key: String, put bytes: ByteBuffer?) {
        state.withLockedValue { $0.afterCopy[key] = .some(bytes) }
    }

    func answer(_ request: TestRequest) -> TestResponse {
        let key = String(request.path.dropFirst("/bucket/".count))
        return state.withLockedValue { state in
            let source = request.header("x-amz-copy-source").map { String($0.dropFirst("/bucket/".count)) }
            state.log.append("\(source == nil ? request.method : "COPY") \(key)")
            switch request.method {
            case "GET" where request.query?.contains("list-type=2") == true:
                return .answer(200, text: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
            case "DELETE":
                state.objects[key] = nil
                return .answer(204)
            case "PUT":
                guard let source else {
                    state.objects[key] = request.body
                    return .answer(200, [("ETag", Self.entity(request.body))])
                }
                guard let bytes = state.objects[source] else { return Self.absent }
                state.objects[key] = bytes
                if let other = state.afterCopy.removeValue(forKey: source) { state.objects[source] = other }
                return .answer(200, text: "<CopyObjectResult><ETag>\(Self.entity(bytes))</ETag></CopyObjectResult>")
            default:
                guard let bytes = state.objects[key] else {
                    return request.method == "HEAD" ? .answer(404, length: 0) : Self.absent
                }
                let headers = [("ETag", Self.entity(bytes))]
                guard request.method == "GET" else { return .answer(200, headers, length: bytes.readableBytes) }
                return .answer(200, headers, body: bytes)
            }
        }
    }

    private static let absent = TestResponse.answer(404, text: "<Error><Code>NoSuchKey</Code></Error>")

    private static func entity(_ bytes: ByteBuffer) -> String { "\"\(bytes.hashValue)\"" }
}
