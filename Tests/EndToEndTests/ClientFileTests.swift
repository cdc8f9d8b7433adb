import Foundation
import TestSupport
import Testing

/// The files in `config/clients`, in the hands of the clients they are for. Nothing of them is changed but the mirror's address
/// and, where they have a line for it, the authority that vouches for it. What is pulled is Docker Hub's by its name, which
/// cannot be reached here: it can only have come through the mirror.
@Suite struct ClientFileTests {
    private struct Scene {
        let stage: Stage
        let images: Images
        let entrepot: EntrepotServer
        let certificates: Certificates

        /// A file of the folder for this mirror.
        func file(_ name: String, as target: String) throws -> URL {
            let source = Paths.tree.appendingPathComponent("config/clients/\(name)")
            let text = try String(contentsOf: source, encoding: .utf8)
                .replacing("mirror.lan:5000", with: entrepot.host)
                .replacing(/# ca = .*/, with: "ca = \"\(certificates.authority.path)\"")
            #expect(text.contains(entrepot.host))
            return try stage.write(text, to: target)
        }
    }

    private static func play(_ body: (Scene) async throws -> Void) async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let certificates = try await Certificates.make(on: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: upstream.configuration(namespace: "docker.io"),
                settings: .init(defaultRepository: "docker.io", certificates: certificates))
            try await body(Scene(stage: stage, images: images, entrepot: entrepot, certificates: certificates))
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.ctr)), arguments: ["docker.io", "_default"])
    func containerdPullsThroughTheMirrorOfItsFile(folder: String) async throws {
        try await Self.play { scene in
            let file = try scene.file("containerd/\(folder)/hosts.toml", as: "certs.d/\(folder)/hosts.toml")
            let hosts = file.deletingLastPathComponent().deletingLastPathComponent()
            let pulled = try await Containerd(stage: scene.stage).pull("docker.io/test/app:multi", hosts: hosts)
            #expect(pulled.contains(scene.images.facts.index))
        }
    }

    /// The file that the mirror on each node of a cluster leaves for containerd.
    @Test(.enabled(if: ClientKind.enabled.contains(.ctr)))
    func containerdPullsThroughTheMirrorOfItsNode() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            let upstream = try await DockerRegistry.start(on: stage, store: images.store)
            let entrepot = try await EntrepotServer.start(
                on: stage, repositories: upstream.configuration(namespace: "docker.io"))
            let manifest = try String(
                contentsOf: Paths.tree.appendingPathComponent("config/kubernetes/node-mirror.yaml"), encoding: .utf8)
            let text = try #require(manifest.firstMatch(of: /(?m)^  hosts\.toml: \|\n((?:    .*\n)+)/)?.output.1)
                .description
            #expect(text.contains("http://127.0.0.1:5050"))
            let file = try stage.write(
                text.replacing("http://127.0.0.1:5050", with: entrepot.url), to: "certs.d/_default/hosts.toml")
            let hosts = file.deletingLastPathComponent().deletingLastPathComponent()
            let pulled = try await Containerd(stage: stage).pull("docker.io/test/app:multi", hosts: hosts)
            #expect(pulled.contains(images.facts.index))
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.podman)))
    func podmanPullsThroughTheMirrorOfItsFile() async throws {
        try await Self.play { scene in
            let file = try scene.file("registries.conf", as: "registries.conf")
            let podman = try Podman(stage: scene.stage)
            let authorities = try scene.certificates.directoryForClients(on: scene.stage).path
            try await Command(
                "podman", podman.store + ["pull", "--quiet", "--cert-dir", authorities, "docker.io/test/app:multi"],
                environment: ["CONTAINERS_REGISTRIES_CONF": file.path]
            ).run()
            let held = try await Command(
                "podman",
                podman.store + ["image", "inspect", "--format", "{{json .RepoDigests}}", "docker.io/test/app:multi"]
            ).run()
            #expect(held.contains(scene.images.facts.index))
        }
    }

    @Test(.enabled(if: ClientKind.enabled.contains(.docker)))
    func dockerPullsThroughTheMirrorOfItsFile() async throws {
        try await Self.play { scene in
            let file = try scene.file("daemon.json", as: "daemon.json")
            let docker = try await DockerDaemon(stage: scene.stage, configuration: file)
            let pulled = try await docker.pull(
                PullRequest(host: scene.entrepot.host, name: "library/app", tag: "latest"))
            #expect(pulled.contains(scene.images.facts.amd64))
        }
    }

    /// BuildKit is no package here: its file is held to what its documentation says.
    @Test func buildKitsFileNamesTheMirrorForEachRegistry() async throws {
        let script = """
            import json, sys, tomllib
            print(json.dumps(tomllib.load(open(sys.argv[1], "rb")), sort_keys=True))
            """
        let file = Paths.tree.appendingPathComponent("config/clients/buildkitd.toml").path
        let text = try await Command("python3", ["-c", script, file]).run()
        #expect(
            text == """
                {"registry": {"docker.io": {"mirrors": ["mirror.lan:5000/docker.io"]}, \
                "mirror.lan:5000": {"http": false}, "quay.io": {"mirrors": ["mirror.lan:5000/quay.io"]}}}

                """)
    }

    /// What is shown on the page is what was tried.
    @Test(arguments: ["containerd/docker.io/hosts.toml", "registries.conf", "daemon.json", "buildkitd.toml"])
    func thePageOnClientsLeadsToTheFile(name: String) throws {
        let page = try String(
            contentsOf: Paths.tree.appendingPathComponent("docs/how-to/clients.md"), encoding: .utf8)
        #expect(page.contains("config/clients/\(name)"))
    }
}
