import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import TestSupport

/// A registry that keeps what is pushed to it, with faults where a test wants them.
final class RememberingRegistry: Sendable {
    struct Faults {
        /// Bytes of one request; more is 413.
        var mostBytes = Int.max
        /// Of the next parts, only so many bytes arrive, and the connection breaks.
        var breaks: [Int] = []
        /// Of the next parts, only so many bytes are taken, and the answer says so.
        var partial: [Int] = []
        /// How many requests are answered 503 before one is served.
        var unavailable = 0
        /// The session is gone after a break.
        var forgets = false
        /// Keeps a list of referrers.
        var knowsReferrers = true
        var smallestPart: Int?
        /// The answer to the next end of an upload is lost.
        var losesEnd = false
    }

    private struct State {
        var faults: Faults
        var blobs: [String: [UInt8]] = [:]
        var manifests: [String: (type: String, bytes: [UInt8])] = [:]
        var session: [UInt8]?
        var parts: [Int] = []
    }

    private let state: NIOLockedValueBox<State>

    init(_ faults: Faults = Faults()) { state = NIOLockedValueBox(State(faults: faults)) }

    var parts: [Int] { state.withLockedValue { $0.parts } }
    func blob(_ key: String) -> [UInt8]? { state.withLockedValue { $0.blobs[key] } }
    func manifest(_ key: String) -> String? {
        state.withLockedValue { $0.manifests[key].map { String(decoding: $0.bytes, as: UTF8.self) } }
    }

    func answer(_ request: TestRequest) -> TestResponse {
        state.withLockedValue { state in
            if state.faults.unavailable > 0 {
                state.faults.unavailable -= 1
                return .answer(503)
            }
            let parts = request.path.split(separator: "/").map(String.init)
            guard parts.count >= 4, parts[0] == "v2" else { return .answer(404) }
            let repository = parts[1]
            switch (parts[2], request.method) {
            case ("blobs", _) where parts[3] == "uploads": return Self.upload(request, repository, &state)
            case ("blobs", _): return state.blobs["\(repository)/\(parts[3])"] == nil ? .answer(404) : .answer(200)
            case ("manifests", "PUT"): return Self.put(request, repository, parts[3], &state)
            case ("manifests", "DELETE"):
                return .answer(state.manifests.removeValue(forKey: "\(repository)/\(parts[3])") == nil ? 404 : 202)
            case ("manifests", _):
                guard let held = state.manifests["\(repository)/\(parts[3])"] else { return .answer(404) }
                return .answer(200, [("Content-Type", held.type)], body: ByteBuffer(bytes: held.bytes))
            default: return .answer(404)
            }
        }
    }

    private static func put(
        _ request: TestRequest, _ repository: String, _ reference: String, _ state: inout State
    ) -> TestResponse {
        let bytes = Array(request.body.readableBytesView)
        let digest = Digest(hashing: request.body)
        for key in [reference, "\(digest)"] {
            state.manifests["\(repository)/\(key)"] = (request.header("Content-Type") ?? "", bytes)
        }
        let isReferrer = state.faults.knowsReferrers && String(decoding: bytes, as: UTF8.self).contains("\"subject\"")
        return .answer(
            201, [("Docker-Content-Digest", "\(digest)")] + (isReferrer ? [("OCI-Subject", "\(digest)")] : []))
    }

    private static func upload(
        _ request: TestRequest, _ repository: String, _ state: inout State
    ) -> TestResponse {
        let place = ("Location", "/v2/\(repository)/blobs/uploads/1?state=\(state.parts.count)")
        let body = Array(request.body.readableBytesView)
        switch request.method {
        case "POST":
            let query = Dictionary(
                uniqueKeysWithValues: (request.query ?? "").split(separator: "&").map { field in
                    let pair = field.split(separator: "=", maxSplits: 1).map(String.init)
                    return (pair[0], pair.count > 1 ? pair[1] : "")
                })
            if let digest = query["mount"], let bytes = state.blobs["\(query["from"] ?? "")/\(digest)"] {
                state.blobs["\(repository)/\(digest)"] = bytes
                return .answer(201)
            }
            state.session = []
            return .answer(202, [place] + (state.faults.smallestPart.map { [("OCI-Chunk-Min-Length", "\($0)")] } ?? []))
        case "GET":
            guard let session = state.session else { return .answer(404) }
            return .answer(204, [place, ("Range", "0-\(max(session.count - 1, 0))")])
        case "PATCH":
            guard let session = state.session else { return .answer(404) }
            guard body.count <= state.faults.mostBytes else { return .answer(413) }
            if let range = request.header("Content-Range"), !range.hasPrefix("\(session.count)-") {
                return .answer(416, [("Range", "0-\(max(session.count - 1, 0))")])
            }
            state.parts.append(body.count)
            if !state.faults.breaks.isEmpty {
                state.session = state.faults.forgets ? nil : session + body.prefix(state.faults.breaks.removeFirst())
                if state.faults.forgets { state.faults.breaks.removeFirst() }
                return TestResponse(steps: [.close])
            }
            let taken = state.faults.partial.isEmpty ? body.count : state.faults.partial.removeFirst()
            state.session = session + body.prefix(taken)
            return .answer(202, [place, ("Range", "0-\(session.count + taken - 1)")])
        case "PUT":
            guard let session = state.session, let digest = request.query?.split(separator: "=").last else {
                return .answer(404)
            }
            let whole = session + body
            guard "\(Digest(hashing: ByteBuffer(bytes: whole)))" == digest else { return .answer(400) }
            state.blobs["\(repository)/\(digest)"] = whole
            state.session = nil
            if state.faults.losesEnd {
                state.faults.losesEnd = false
                return TestResponse(steps: [.close])
            }
            return .answer(201)
        default: return .answer(405)
        }
    }
}
