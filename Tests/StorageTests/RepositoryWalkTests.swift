import NIOCore
import OCI
import Storage
import TestSupport
import Testing

@Suite struct RepositoryWalkTests {
    /// Names that begin alike, with what sorts before and after a slash.
    private static let names = [
        "a", "a-b", "a-b/x", "a/x", "a/x-y", "a/x/y", "a.b", "a0", "ab", "ab/c", "b", "b/a/c", "b/a-c", "b/a", "z/z/z",
    ]

    private func store() async throws -> RegistryStore {
        let objects = MemoryStore { 0 }
        for name in Self.names {
            let key = try #require(ObjectKey("docker/registry/v2/repositories/\(name)/_manifests/x"))
            try await objects.write(key, ByteBuffer(string: "x"), .cached)
        }
        return RegistryStore(objects: objects)
    }

    private static let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    private static let places = names + ["", "a-", "a/", "a/w", "a0/", "b/a-", "zz", "Z", "a-b/", "b/a.", "\u{e9}"]

    private func walk(_ store: RegistryStore, after last: String?, limit: Int) async throws -> [String] {
        try await store.repositories(after: last, limit: limit) { (name) async throws(StorageError) in
            Self.names.contains(name.value)
        }.names.map(\.value)
    }

    @Test(arguments: places, [1, 2, 100]) func aPageBeginsAfterWhereTheLastEnded(last: String, limit: Int) async throws
    {
        let wanted = Self.sorted.filter { last.utf8.lexicographicallyPrecedes($0.utf8) }
        #expect(try await walk(try await store(), after: last, limit: limit) == Array(wanted.prefix(limit)))
    }

    @Test func theWholeComesInTheOrderOfBytes() async throws {
        #expect(try await walk(try await store(), after: nil, limit: 100) == Self.sorted)
    }
}
