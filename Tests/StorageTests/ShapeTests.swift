import OCI
import Testing

@testable import Storage

@Suite struct ShapeTests {
    @Test func aKeyTellsWhatLiesThere() throws {
        let repository = try #require(RepositoryName("a/link/data"))
        let digest = try #require(Digest("sha256:\(String(repeating: "a", count: 64))"))
        let tag = try #require(Tag("link"))
        let id = UploadID()
        #expect(RegistryLayout.shape(of: RegistryLayout.blob(digest)) == .leaf)
        #expect(RegistryLayout.shape(of: RegistryLayout.layerLink(digest, in: repository)) == .leaf)
        #expect(RegistryLayout.shape(of: RegistryLayout.tagLink(tag, in: repository)) == .leaf)
        #expect(RegistryLayout.shape(of: RegistryLayout.tagFolder(tag, in: repository)) == .folder)
        #expect(RegistryLayout.shape(of: RegistryLayout.upload(id, in: repository)) == .folder)
        let data = try #require(RegistryLayout.upload(id, in: repository).child("data"))
        #expect(RegistryLayout.shape(of: data) == .growing)
        #expect(RegistryLayout.shape(of: RegistryLayout.repositories) == .any)
        for mark in [RegistryLayout.condemned(digest), RegistryLayout.condemned(digest, in: repository)] {
            #expect(RegistryLayout.shape(of: mark) == .leaf)
            #expect(RegistryLayout.shape(of: try #require(mark.parent)) != .leaf)
        }
        #expect(RegistryLayout.shape(of: RegistryLayout.uploads(of: repository)) == .folder)
        for name in ["data", "link"] {
            let tag = try #require(Tag(name))
            #expect(RegistryLayout.shape(of: RegistryLayout.tagFolder(tag, in: repository)) == .folder)
            let named = try #require(RegistryLayout.repositories.child("a/\(name)"))
            #expect(RegistryLayout.shape(of: named) == .folder)
        }
    }

    @Test func theDigestOfAContentIsReadFromItsKeyAlone() throws {
        let digest = try #require(Digest("sha256:\(String(repeating: "a", count: 64))"))
        let long = try #require(Digest("sha512:\(String(repeating: "b", count: 128))"))
        let repository = try #require(RepositoryName("a/blobs/data"))
        for digest in [digest, long] {
            let key = RegistryLayout.blob(digest)
            #expect(RegistryLayout.digest(of: key) == digest)
            let folder = try #require(ObjectKey(String(key.path.dropLast("/data".count))))
            #expect(RegistryLayout.digest(of: folder) == digest)
            #expect(RegistryLayout.digest(of: try #require(key.child("x"))) == nil)
            #expect(RegistryLayout.digest(of: try #require(folder.child("date"))) == nil)
            #expect(RegistryLayout.digest(of: RegistryLayout.layerLink(digest, in: repository)) == nil)
        }
        #expect(RegistryLayout.digest(of: RegistryLayout.marker) == nil)
    }
}
