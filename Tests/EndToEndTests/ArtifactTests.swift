import Foundation
import Hashing
import NIOCore
import OCI
import TestSupport
import Testing

/// What is no container image, as Helm and cosign shape it, goes through Entrepot byte for byte.
@Suite struct ArtifactTests {
    /// One manifest with its blobs.
    struct Artifact: Sendable, CustomTestStringConvertible {
        var name: String
        var tag: String
        var config: (type: String, content: String)
        var layer: (type: String, content: String)
        /// Fields of the layer's descriptor and of the manifest.
        var layerMore = ""
        var more = ""

        var testDescription: String { name }

        static func digest(_ text: String) -> Digest { Digest(hashing: ByteBuffer(string: text)) }

        static func descriptor(_ content: (type: String, content: String), _ more: String = "") -> String {
            let (type, text) = content
            return #"{"mediaType":"\#(type)","digest":"\#(digest(text))","size":\#(text.utf8.count)\#(more)}"#
        }

        var manifest: String {
            """
            {
              "schemaVersion": 2,  "mediaType": "\(MediaType.imageManifest)",
              "config": \(Self.descriptor(config)),
              "layers": [\(Self.descriptor(layer, layerMore))]\(more)
            }

            """
        }

        var contents: [String] { [manifest, config.content, layer.content] }

        static let all = [
            Artifact(
                name: "charts/app", tag: "1.2.3_build.5",
                config: (
                    "application/vnd.cncf.helm.config.v1+json",
                    #"{"name":"app","version":"1.2.3+build.5","apiVersion":"v2","type":"application"}"#
                ),
                layer: ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "not really a chart \u{1F}\u{8B}"),
                more: #", "annotations": {"org.opencontainers.image.title": "app"}"#),
            Artifact(
                name: "signed/app", tag: "sha256-\(String(repeating: "0123456789abcdef", count: 4)).sig",
                config: (
                    "application/vnd.oci.image.config.v1+json",
                    #"{"architecture":"","os":"","rootfs":{"type":"layers","diff_ids":[]},"config":{}}"#
                ),
                layer: (
                    "application/vnd.dev.cosign.simplesigning.v1+json",
                    #"{"critical":{"type":"cosign container image signature","identity":{}},"optional":null}"#
                ),
                layerMore: #","annotations":{"dev.cosignproject.cosign/signature":"MEUCIQ=="}"#),
        ]

        /// Writes an OCI layout that has it under the tag `it`.
        func write(to folder: URL) throws {
            let blobs = folder.appendingPathComponent("blobs/sha256")
            try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
            for content in contents {
                try Data(content.utf8).write(to: blobs.appendingPathComponent(Self.digest(content).hex))
            }
            let entry = Self.descriptor(
                (MediaType.imageManifest.value, manifest),
                #","annotations":{"org.opencontainers.image.ref.name":"it"}"#)
            try Data(#"{"imageLayoutVersion":"1.0.0"}"#.utf8).write(to: folder.appendingPathComponent("oci-layout"))
            try Data(#"{"schemaVersion":2,"manifests":[\#(entry)]}"#.utf8)
                .write(to: folder.appendingPathComponent("index.json"))
        }
    }

    @Test(arguments: Artifact.all)
    func artifactsComeBackByteForByte(artifact: Artifact) async throws {
        try await Stage.with { stage in
            let entrepot = try await EntrepotServer.start(on: stage, repositories: "[repository.local]\n")
            let source = try stage.makeDirectory("artifact")
            try artifact.write(to: source)
            let request = PullRequest(host: entrepot.host, namespace: "local", name: artifact.name, tag: artifact.tag)
            try await Command(
                "skopeo",
                [
                    "copy", "--preserve-digests", "--dest-tls-verify=false", "oci:\(source.path):it",
                    "docker://\(request.prefixed)",
                ]
            ).run()
            let answer = try await entrepot.get("/v2/local/\(artifact.name)/manifests/\(artifact.tag)")
            #expect(answer.text == artifact.manifest)
            #expect(answer.headers["content-type"] == MediaType.imageManifest.value)
            let skopeo = try Skopeo(stage: stage)
            #expect(try await skopeo.pull(request).contains("\(Artifact.digest(artifact.manifest))"))
            for content in artifact.contents {
                let file = skopeo.layout.appendingPathComponent("blobs/sha256/\(Artifact.digest(content).hex)")
                #expect(try Data(contentsOf: file) == Data(content.utf8))
            }
            let tags = try await entrepot.get("/v2/local/\(artifact.name)/tags/list")
            #expect(tags.text == #"{"name":"local/\#(artifact.name)","tags":["\#(artifact.tag)"]}"#)
        }
    }
}
