import OCI
import Testing

@Suite struct ManifestTests {
    static let digest = "sha256:\(DigestTests.hex256)"
    static let descriptor = #"{"mediaType":"application/x","digest":"\#(digest)","size":7}"#

    @Test(arguments: [
        (#"{"schemaVersion":2,"config":\#(descriptor),"layers":[\#(descriptor)]}"#, MediaType.imageManifest),
        (#"{"schemaVersion":2,"manifests":[]}"#, .imageIndex),
        (
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList)","manifests":[\#(descriptor)]}"#,
            .dockerManifestList
        ),
        (
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifest)","config":\#(descriptor),"layers":[]}"#,
            .dockerManifest
        ),
    ])
    func mediaTypeIsDeclaredOrReadFromTheShape(json: String, expected: MediaType) throws {
        #expect(try Manifest(json.utf8).mediaType == expected)
    }

    @Test func fieldsOfAnArtifactAreRead() throws {
        let json = """
            {"schemaVersion":2,"artifactType":"application/vnd.example","config":\(Self.descriptor),"layers":[],
             "subject":\(Self.descriptor),"annotations":{"a":"b"},"unknown":{"x":[1]}}
            """
        let manifest = try Manifest(json.utf8)
        #expect(manifest.subject?.digest.description == Self.digest)
        #expect(manifest.artifactType == "application/vnd.example")
        #expect(manifest.annotations == ["a": "b"])
        #expect(manifest.blobs.map(\.size) == [7])
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"schemaVersion":1,"fsLayers":[]}"#, #"{"schemaVersion":2}"#,
        #"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
        #"{"schemaVersion":2,"config":{"digest":"sha256:zz","size":1},"layers":[]}"#,
        #"{"schemaVersion":2,"config":{"digest":"\#(digest)","size":-1},"layers":[]}"#,
        String(repeating: "[", count: 100_000),
    ])
    func whatIsNoManifestIsRefused(json: String) {
        #expect(throws: Manifest.Invalid.self) { try Manifest(json.utf8) }
    }
}
