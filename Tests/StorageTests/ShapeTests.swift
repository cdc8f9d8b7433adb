import OCI
import Storage
import Testing

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
        #expect(RegistryLayout.shape(of: RegistryLayout.uploads(of: repository)) == .any)
    }
}
