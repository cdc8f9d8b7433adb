import Foundation
import TestSupport

/// A Docker daemon of its own with `--registry-mirror`. It asks the mirror for bare names: `library/app`, `test/app`.
struct DockerDaemon: ContainerClient {
    private let folder: URL
    private let daemon: RunningProcess

    private var socket: String { "unix://\(folder.path)/s" }

    /// Where `docker login` writes to.
    var configurationFile: URL { folder.appendingPathComponent("config.json") }

    /// `mirror` is a URL.
    init(stage: Stage, mirror: String) async throws {
        try await self.init(stage: stage, settings: ["--registry-mirror", mirror])
    }

    /// With a `daemon.json`.
    init(stage: Stage, configuration: URL) async throws {
        try await self.init(stage: stage, settings: ["--config-file", configuration.path])
    }

    private init(stage: Stage, settings: [String]) async throws {
        try ClientKind.requireRoot()
        folder = try stage.makeDirectory("dkr")
        let socket = "unix://\(folder.path)/s"
        daemon = try stage.start(
            "dockerd",
            [
                "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none",
                "--storage-driver", "vfs", "--data-root", "\(folder.path)/data", "--exec-root", "\(folder.path)/exec",
                "--pidfile", "\(folder.path)/pid", "-H", socket,
            ] + settings,
            // When the mirror fails the daemon turns to Docker Hub; a test must never succeed, or hang, that way.
            environment: [
                "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9",
                "NO_PROXY": "127.0.0.1,localhost", "DOCKER_TMPDIR": "\(folder.path)/tmp",
            ])
        let configuration = folder.path
        try await daemon.waitUntilReady {
            let probe = Command(
                "docker", ["-H", socket, "version"], environment: ["DOCKER_CONFIG": configuration])
            return (try? await probe.outcome(within: .seconds(10)))?.status == .success
        }
    }

    func pull(_ request: PullRequest) async throws -> String {
        // `library/app` is what the user calls `app`.
        let name = request.name.hasPrefix("library/") ? String(request.name.dropFirst(8)) : request.name
        let reference = "\(name):\(request.tag)"
        try await docker("pull", "--quiet", reference)
        return try await docker("image", "inspect", "--format", "{{json .RepoDigests}}", reference)
    }

    /// Forgets an image, so that the next pull fetches it again.
    func remove(_ reference: String) async throws {
        try await docker("image", "rm", "--force", reference)
    }

    @discardableResult
    func docker(_ arguments: String...) async throws -> String {
        try await Command(
            "docker", ["-H", socket] + arguments, environment: ["DOCKER_CONFIG": folder.path]
        ).run()
    }
}
