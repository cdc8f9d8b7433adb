import CurlClient
import Foundation
import NIOCore
import TestSupport
import Testing

/// HTTP/2 as nginx speaks it; which protocol was spoken is nginx's word, not ours.
@Suite struct CurlHTTP2Tests {
    private static let manifestPath = "v2/library/alpine/manifests/latest"
    private static let blobPath = "v2/library/alpine/blobs/blob"
    private static let manifest = Data(#"{"schemaVersion": 2}"#.utf8)
    private static let length = 32 << 20
    /// A block of an odd size again and again, so that bytes which are moved, lost or doubled show.
    private static let blob: Data = {
        let block = Data(ByteBuffer.pattern(count: 1_000_003).readableBytesView)
        var blob = Data(capacity: length + block.count)
        while blob.count < length { blob.append(block) }
        return blob.prefix(length)
    }()

    private let client = CurlClient(proxies: .none)
    private let certificates: TestCertificates
    private var settings: CurlSettings { CurlSettings(trustRoots: .bundle(certificates.authority)) }

    init() throws {
        certificates = try TestCertificates()
    }

    private func serve(_ body: (HTTP2Origin) async throws -> Void) async throws {
        try await Stage.with { stage in
            let files = [Self.manifestPath: Self.manifest, Self.blobPath: Self.blob]
            try await body(HTTP2Origin(on: stage, certificates, files: files))
        }
    }

    private func line(_ path: String, _ bytes: Int, version: String = "HTTP/2.0") -> HTTP2Origin.LogLine {
        HTTP2Origin.LogLine(httpVersion: version, status: 200, bytes: bytes, path: "/" + path)
    }

    @Test func itIsSpokenWhereOffered() async throws {
        try await serve { origin in
            for _ in 0..<2 {
                let response = try await client.execute(
                    CurlRequest(url: "\(origin.url)/\(Self.manifestPath)", settings: settings))
                #expect(response.version == .http2)
                #expect(response.contentLength == Int64(Self.manifest.count))
                #expect(try await response.body.collect(upTo: 100) == ByteBuffer(bytes: Self.manifest))
            }
            let head = try await client.execute(
                CurlRequest(url: "\(origin.url)/\(Self.blobPath)", method: .head, settings: settings))
            #expect(head.contentLength == Int64(Self.length))
            let manifest = line(Self.manifestPath, Self.manifest.count)
            #expect(try await origin.served(3) == [manifest, manifest, line(Self.blobPath, 0)])
        }
    }

    @Test func itIsNotSpokenWhereSwitchedOff() async throws {
        try await serve { origin in
            var settings = settings
            settings.allowsHTTP2 = false
            let response = try await client.execute(
                CurlRequest(url: "\(origin.url)/\(Self.manifestPath)", settings: settings))
            #expect(response.version == .http1)
            _ = try await response.body.collect(upTo: 100)
            #expect(
                try await origin.served(1) == [line(Self.manifestPath, Self.manifest.count, version: "HTTP/1.1")])
        }
    }

    /// Each reader waits until its transfer is paused, takes what is held, and waits again: each transfer is paused and
    /// resumed many times, and none may hold up or be mixed up with another.
    @Test(.timeLimit(.minutes(2)))
    func slowReadersGetEveryByteWhileSeveralTransfersRun() async throws {
        let transfers = 4
        try await serve { origin in
            let pauses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<transfers {
                    group.addTask { try await readSlowly("\(origin.url)/\(Self.blobPath)") }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            // A turn takes at most what the mailbox holds and one chunk more.
            #expect(pauses.allSatisfy { $0 >= Self.length / (2 * CurlBody.highMark) })
            let blob = line(Self.blobPath, Self.length)
            #expect(try await origin.served(transfers) == Array(repeating: blob, count: transfers))
        }
    }

    /// - Returns: how often the transfer was paused.
    private func readSlowly(_ url: String) async throws -> Int {
        let response = try await client.execute(CurlRequest(url: url, settings: settings))
        #expect(response.version == .http2)
        let content = ByteBuffer(bytes: Self.blob)
        var received = 0
        var pauses = 0
        var body = response.body.makeAsyncIterator()
        while received < Self.length {
            while !response.body.isPaused, received + response.body.waiting < Self.length {
                try await Task.sleep(for: .milliseconds(1))
            }
            if response.body.isPaused { pauses += 1 }
            let target = received + response.body.waiting
            while received < target, let buffer = try await body.next() {
                #expect(content.getSlice(at: received, length: buffer.readableBytes) == buffer)
                received += buffer.readableBytes
            }
        }
        #expect(try await body.next() == nil)
        #expect(received == Self.length)
        #expect(response.body.highWater <= CurlBody.highMark)
        return pauses
    }

    @Test func aDroppedTransferDoesNotDisturbTheOthers() async throws {
        try await serve { origin in
            let url = "\(origin.url)/\(Self.blobPath)"
            let whole = try await client.execute(CurlRequest(url: url, settings: settings))
            let status = try await client.execute(CurlRequest(url: url, settings: settings)).status
            #expect(status == 200)
            #expect(try await whole.body.collect(upTo: Self.length) == ByteBuffer(bytes: Self.blob))
        }
    }
}
