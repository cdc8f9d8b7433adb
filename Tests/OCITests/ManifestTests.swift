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
        #expect(throws: ManifestError.self) { try Manifest(json.utf8) }
    }

    private static let image =
        #""schemaVersion": 2, "config": {"digest": "sha256:\#(String(repeating: "a", count: 64))", "size": 1}"#

    @Test(arguments: [
        "{\(image),}", "{\(image)} // c", "{\(image), /* c */ \"a\": 1}", "{\(image), \"a\": NaN}",
        "{\(image), 'a': 1}",
        "{\(image), \"a\": 1, \"a\": 2}", "{\(image), \"a\": 1, \"\\u0061\": 2}", "\u{FEFF}{\(image)}",
        "{\(image), \"a\": \"\u{1}\"}", "{\(image), \"a\": \"\\x\"}", "{\(image), \"a\": \"\\uD800\"}",
        "{\(image), \"a\": 01}",
        "{\(image), \"a\": 1.}", "{\(image), \"a\": +1}", "{\(image), \"a\": .5}", "{\(image), \"a\": 0x1}",
        "{\(image), \"a\": [1,]}",
        "{\(image)} {}", "{\(image)", "{\(image), \"a\": tru}", "{\(image), \"a\" 1}", "{\(image), a: 1}",
        "{\(image), \"a\": Infinity}",
        "", " ", "\"", "[", "{", "{\"", "{\"a\"", "{\"a\":", "nul", "-", "1e", "\u{0}{\(image)}",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
        "{\(image), \"a\": " + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}",
    ])
    func whatIsNotStrictJSONIsToldInOurWords(text: String) throws {
        let error = #expect(throws: ManifestError.self) { try Manifest(text.utf8) }
        #expect(error?.description.hasPrefix("the manifest is not JSON: ") == true)
    }

    @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]])
    func bytesThatAreNotUTF8AreNoManifest(bytes: [UInt8]) {
        let text = Array("{\(Self.image), \"a\": \"".utf8) + bytes + Array("\"}".utf8)
        #expect(throws: ManifestError.self) { try Manifest(text) }
    }

    @Test(arguments: [
        ("[]", "its outermost object"), ("7", "its outermost object"), (#"{"schemaVersion": "2"}"#, "`schemaVersion`"),
        (#"{"schemaVersion": 2, "layers": [{}]}"#, "`layers[0]`"), (#"{"schemaVersion": 2, "layers": 1}"#, "`layers`"),
        (#"{"schemaVersion": 2, "layers": [{"digest": "", "size": 1e400}]}"#, "out of range"),
        (#"{"schemaVersion": 2, "layers": [{"digest": "", "size": 9223372036854775808}]}"#, "out of range"),
        (#"{"schemaVersion": 2, "layers": [], "annotations": {"secret": 1}}"#, "`annotations`"),
        (
            #"{"schemaVersion": 2, "layers": [{"digest": "", "size": 1, "annotations": {"k": []}}]}"#,
            "`layers[0].annotations`"
        ),
    ])
    func aWrongFieldIsNamedAndNothingOfTheDecoders(text: String, place: String) throws {
        let error = try #require(#expect(throws: ManifestError.self) { try Manifest(text.utf8) })
        #expect(error.description.contains(place))
        for word in ["Decoding", "Swift", "CodingKeys", "Context", "secret"] {
            #expect(!error.description.contains(word))
        }
    }

    @Test func whatIsStrictJSONIsTaken() throws {
        let text =
            "\t{\(Self.image), \"a\": [1, -0.5e+3, true, null, {}, [], \"\\uD83D\\uDE00\\n\"], \"b\": {\"a\": {}}}\r\n"
        #expect(try Manifest(text.utf8).kind == .image)
    }

    @Test(
        arguments: [
            ("text/plain", MediaType.imageManifest), ("binary/octet-stream", .imageManifest),
            ("text/html; q=1", .imageManifest),
            ("application/json", .imageManifest), ("application/octet-stream", .imageManifest),
            ("application/vnd.docker.distribution.manifest.v2+json; charset=utf-8", .dockerManifest),
            ("application/vnd.oci.image.index.v1+json", .imageManifest), (nil, .imageManifest),
        ] as [(String?, MediaType)])
    func whereTheBytesAreSilentTheFieldCountsOnlyIfItNamesAFittingType(field: String?, type: MediaType) throws {
        let field = field.flatMap { MediaType(field: $0) }
        let silent = try Manifest("{\(Self.image)}".utf8)
        #expect(silent.mediaType(besides: field) == type)
        let spoken = try Manifest("{\(Self.image), \"mediaType\": \"\(MediaType.imageManifest)\"}".utf8)
        #expect(spoken.mediaType(besides: field) == .imageManifest)
    }
}
