import Hashing
import NIOConcurrencyHelpers
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing

/// Pushes to a disk that is full of what can be fetched again.
@Suite(.timeLimit(.minutes(1))) struct FullStorePushTests {
    private let content = ByteBuffer.pattern(count: 3_000_000)
    private let manifest = #"{"schemaVersion":2,"manifests":[]}"#

    enum Step: CaseIterable, Sendable {
        case start, append, complete, manifest, mount
    }

    /// How often room was asked for, and for how many bytes.
    private final class Asked: Sendable {
        private let bytes = NIOLockedValueBox<[Int64]>([])
        var all: [Int64] { bytes.withLockedValue { $0 } }
        func note(_ count: Int64) { bytes.withLockedValue { $0.append(count) } }
    }

    private func part(_ range: Range<Int>) -> ByteBuffer {
        content.getSlice(at: range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    private func pieces(_ bytes: ByteBuffer) -> @Sendable () async throws(RegistryError) -> ByteBuffer? {
        let rest = NIOLockedValueBox(bytes)
        return { () async throws(RegistryError) in
            rest.withLockedValue { rest in
                let length = min(rest.readableBytes, 100_000)
                return length > 0 ? rest.readSlice(length: length) : nil
            }
        }
    }

    /// A push step by step; `before` is called with what comes next.
    private func push(_ shop: Workshop, _ before: (Step) -> Void) async throws {
        let repository = try shop.repository("local/a")
        let digest = Digest(hashing: content)
        before(.start)
        let id = try await shop.registry.startUpload(repository).id
        _ = try await shop.registry.appendToUpload(
            repository, id, UploadPart(range: 0..<1_000_000), from: pieces(part(0..<1_000_000)))
        before(.append)
        let outcome = try await shop.registry.appendToUpload(
            repository, id, UploadPart(range: 1_000_000..<3_000_000, length: 2_000_000),
            from: pieces(part(1_000_000..<3_000_000)))
        #expect(outcome == .accepted(UploadStatus(id: id, size: 3_000_000)))
        before(.complete)
        _ = try await shop.registry.completeUpload(
            repository, id, as: digest, UploadPart(length: 0), from: pieces(ByteBuffer()))
        before(.manifest)
        _ = try await shop.registry.putManifest(
            repository,
            IncomingManifest(
                bytes: ByteBuffer(string: manifest), mediaType: nil, reference: .tag(try #require(Tag("v1")))))
        before(.mount)
        #expect(
            try await shop.registry.mountBlob(
                try shop.repository("local/b"), digest, from: repository, among: shop.namespaces))
    }

    @Test(arguments: Step.allCases)
    func roomIsMadeAndThePushGoesOn(full: Step) async throws {
        try await Workshop.open { shop in
            let asked = Asked()
            shop.fills.whenFull { [objects = shop.objects] bytes in
                asked.note(bytes)
                objects.failWrites(nil)
                return true
            }
            try await push(shop) { step in
                if step == full { shop.objects.failWrites(.noSpace) }
            }
            #expect(asked.all.count == 1)
            // All that is still to come, so that not each piece has to ask.
            if full == .append { #expect(asked.all == [2_000_000]) }
            for name in ["local/a", "local/b"] {
                let answer = try await shop.registry.blob(
                    try shop.repository(name), Digest(hashing: content), range: nil)
                #expect(try await answer.content.bytes() == content)
            }
            let held = try await shop.registry.manifest(
                try shop.repository("local/a"), .tag(try #require(Tag("v1"))))
            #expect(held.content.bytes == ByteBuffer(string: manifest))
        }
    }

    @Test(arguments: Step.allCases, [true, false])
    func whereNothingCanGiveWayItIsSaidAndTheClientGoesOnLater(full: Step, claims: Bool) async throws {
        try await Workshop.open { shop in
            let asked = Asked()
            shop.fills.whenFull { bytes in
                asked.note(bytes)
                return claims
            }
            let error = await #expect(throws: RegistryError.self) {
                try await push(shop) { step in
                    if step == full { shop.objects.failWrites(.noSpace) }
                }
            }
            #expect(error?.status == 507)
            #expect(!asked.all.isEmpty)
            shop.objects.failWrites(nil)
            if full == .append {
                let repository = try shop.repository("local/a")
                let name = try #require(shop.objects.keys.compactMap(Self.session).first)
                let id = try #require(UploadID(name))
                let status = try await shop.registry.uploadStatus(repository, id)
                #expect(status.size == 1_000_000)
                let digest = Digest(hashing: content)
                let outcome = try await shop.registry.completeUpload(
                    repository, id, as: digest, UploadPart(range: 1_000_000..<3_000_000),
                    from: pieces(part(1_000_000..<3_000_000)))
                #expect(outcome == .complete(digest))
            }
        }
    }

    private static func session(_ key: String) -> String? {
        guard key.contains("/_uploads/"), !key.hasSuffix(".entrepot-hash") else { return nil }
        return key.split(separator: "/").last.map(String.init)
    }

    @Test func whatIsKeptOfTheHashAloneFailsNoUpload() async throws {
        try await Workshop.open { shop in
            shop.objects.beforeWriting { (key) async throws(StorageError) in
                guard key.path.hasSuffix(".entrepot-hash") else { return }
                throw StorageError(.noSpace, "told to fail", key: key)
            }
            try await push(shop) { _ in }
        }
    }

    @Test func whatMayNotHaveReachedTheDiskIsNotTriedAgain() async throws {
        try await Workshop.open { shop in
            let asked = Asked()
            shop.fills.whenFull { bytes in
                asked.note(bytes)
                return true
            }
            let repository = try shop.repository("local/a")
            let id = try await shop.registry.startUpload(repository).id
            _ = try await shop.registry.appendToUpload(repository, id, UploadPart(), from: pieces(content))
            shop.objects.failWrites(.unsynced)
            let first = await #expect(throws: RegistryError.self) { try await complete(shop, repository, id) }
            #expect(first?.status == 500)
            shop.objects.failWrites(nil)
            // The next sync would find nothing to do.
            let second = await #expect(throws: RegistryError.self) { try await complete(shop, repository, id) }
            #expect(second?.code == .blobUploadUnknown)
            #expect(asked.all.isEmpty)
        }
    }

    private func complete(_ shop: Workshop, _ repository: Repository, _ id: UploadID) async throws {
        _ = try await shop.registry.completeUpload(
            repository, id, as: Digest(hashing: content), UploadPart(length: 0), from: pieces(ByteBuffer()))
    }
}
