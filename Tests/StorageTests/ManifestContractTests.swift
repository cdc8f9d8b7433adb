import NIOCore
import OCI
import Testing

@testable import Storage

@Suite struct ManifestContractTests {
    @Test(arguments: Shelf.allCases)
    func `a manifest comes back byte for byte, to its repository alone`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            let manifest = Goods.manifest(#"{"custom" : [1.50, "as is"]}"#)
            try await store.put(manifest, declared: nil, in: repository, .durable)
            let found = try #require(try await store.manifest(manifest.digest, in: repository))
            #expect(found.bytes == manifest.bytes)
            #expect(found.digest == manifest.digest)
            #expect(try await store.hasManifest(manifest.digest, in: repository))
            let absent = (
                try await store.manifest(manifest.digest, in: other),
                try await store.hasManifest(manifest.digest, in: other)
            )
            #expect(absent.0 == nil && !absent.1)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `a type that the bytes do not tell is kept beside them, for each repository`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let text = #"{"schemaVersion":2,"manifests":[]}"#
            for (name, type) in [("team/oci", MediaType.imageIndex), ("team/docker", .dockerManifestList)] {
                let manifest = Goods.manifest(text, type)
                try await store.put(manifest, declared: .imageIndex, in: try Goods.repository(name), .durable)
            }
            for (name, type) in [("team/oci", MediaType.imageIndex), ("team/docker", .dockerManifestList)] {
                let found = try await store.manifest(Goods.digest(text), in: try Goods.repository(name))
                #expect(found?.mediaType == type)
            }
        }
    }

    @Test(arguments: Shelf.allCases, ["", "{}x", "other"])
    func `damaged bytes are as good as none`(shelf: Shelf, damage: String) async throws {
        try await shelf.open { store, objects in
            let repository = try Goods.repository()
            let manifest = Goods.manifest()
            try await store.put(manifest, declared: nil, in: repository, .durable)
            try await objects.write(RegistryLayout.blob(manifest.digest), ByteBuffer(string: damage), .cached)
            let damaged = try await store.manifest(manifest.digest, in: repository)
            #expect(damaged == nil)
            // Whoever has the right ones brings them.
            try await store.put(manifest, declared: nil, in: repository, .durable)
            let mended = try await store.manifest(manifest.digest, in: repository)
            #expect(mended?.bytes == manifest.bytes)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `a manifest is taken from one repository, and others keep theirs`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let names = try ["team/a", "team/b"].map { try Goods.repository($0) }
            let manifest = Goods.manifest()
            for name in names {
                try await store.put(manifest, declared: nil, in: name, .durable)
                try await store.keep(manifest.digest, in: name)
                try await store.setPullTime(7, of: .digest(manifest.digest), in: name)
            }
            try await store.removeManifest(manifest.digest, in: names[0])
            try await store.removeManifest(manifest.digest, in: names[0])
            for (name, isThere) in zip(names, [false, true]) {
                let found = try await store.manifest(manifest.digest, in: name)
                #expect((found != nil) == isThere)
                #expect(try await store.isKept(manifest.digest, in: name) == isThere)
                let time = try await store.pullTime(of: .digest(manifest.digest), in: name)
                #expect(time == (isThere ? 7 : nil))
            }
            #expect(try await store.manifests(of: names[1]).map(\.digest) == [manifest.digest])
        }
    }

    @Test(arguments: Shelf.allCases) func `a repository that was pushed to is kept whole`(shelf: Shelf) async throws {
        try await shelf.open { store, _ in
            let (repository, other) = (try Goods.repository(), try Goods.repository("team/other"))
            for _ in 0..<2 { try await store.keepAll(in: repository) }
            #expect(try await store.isKeptWhole(repository))
            let isOtherKept = try await store.isKeptWhole(other)
            #expect(!isOtherKept)
        }
    }

    @Test(arguments: Shelf.allCases)
    func `pull times are those that were written last, of tags and manifests`(shelf: Shelf) async throws {
        try await shelf.open { store, objects in
            let repository = try Goods.repository()
            for reference in [Reference.tag(try Goods.tag("v1")), .digest(Goods.digest("a"))] {
                #expect(try await store.pullTime(of: reference, in: repository) == nil)
                for time: Int64 in [5, 1_800_000_000] {
                    try await store.setPullTime(time, of: reference, in: repository)
                    #expect(try await store.pullTime(of: reference, in: repository) == time)
                }
                let key = RegistryLayout.pullTime(of: reference, in: repository)
                try await objects.write(key, ByteBuffer(string: "soon"), .cached)
                #expect(try await store.pullTime(of: reference, in: repository) == nil)
            }
        }
    }
}
