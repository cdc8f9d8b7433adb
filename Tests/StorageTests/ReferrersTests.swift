import NIOCore
import OCI
import TestSupport
import Testing

@testable import Storage

@Suite struct ReferrersTests {
    @Test(arguments: ["", "{\"mediaType\":\"application/vnd", "{}"])
    func aRecordThatCannotBeReadIsToldOfAndHidesNoOther(text: String) async throws {
        let objects = MemoryStore()
        let store = RegistryStore(objects: objects)
        let repository = try #require(RepositoryName("mirror/x"))
        let digests = try ["a", "b", "c"].map { digit in
            try #require(Digest("sha256:" + String(repeating: digit, count: 64)))
        }
        let subject = digests[0]
        let referrers = digests.dropFirst().map { Descriptor(mediaType: .imageManifest, digest: $0, size: 3) }
        for referrer in referrers { try await store.addReferrer(referrer, of: subject, in: repository, .cached) }
        let torn = RegistryLayout.referrer(referrers[0].digest, of: subject, in: repository)
        try await objects.write(torn, ByteBuffer(string: text), .cached)
        var unreadable: [String] = []
        let found = try await store.referrers(of: subject, in: repository) { unreadable.append($0.path) }
        #expect(found.map(\.digest) == [referrers[1].digest])
        #expect(unreadable == [torn.path])
    }
}
