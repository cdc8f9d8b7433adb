import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@Suite struct ObjectKeyTests {
    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a\u{0}b", "a\nb",
        // A slash and a combining mark are one character, and two names to a file system.
        "a/../\u{301}b", "../\u{301}",
        String(repeating: "x", count: 1025),
    ])
    func cannotClimbOutOfTheStore(path: String) {
        #expect(ObjectKey(path) == nil)
    }

    @Test(arguments: ObjectStoreContract.allCases)
    func memoryKeepsTheContract(clause: ObjectStoreContract) async throws {
        try await clause.check(MemoryStore())
    }

    @Test func blobsLieWhereDistributionPutsThem() throws {
        let digest = try #require(Digest("sha256:" + String(repeating: "ab", count: 32)))
        #expect(
            RegistryLayout.blob(digest).path
                == "docker/registry/v2/blobs/sha256/ab/\(String(repeating: "ab", count: 32))/data")
    }
}
