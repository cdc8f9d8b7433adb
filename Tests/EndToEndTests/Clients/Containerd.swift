import Foundation
import TestSupport

/// A containerd of its own, asked by `ctr images pull --hosts-dir`, which adds `?ns=`.
struct Containerd: ContainerClient {
    private let stage: Stage
    private let folder: URL
    private let daemon: RunningProcess
    /// Whether `hosts.toml` names the namespace in the path as well and sets `override_path`.
    var overridesPath = false

    var socket: String { "\(folder.path)/s" }

    init(stage: Stage, overridesPath: Bool = false) async throws {
        try ClientKind.requireRoot()
        self.stage = stage
        self.overridesPath = overridesPath
        folder = try stage.makeDirectory("ctd")
        let configuration = """
            version = 2
            root = "\(folder.path)/root"
            state = "\(folder.path)/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri"]
            [grpc]
            address = "\(folder.path)/s"
            [plugins."io.containerd.internal.v1.opt"]
            path = "\(folder.path)/opt"
            """
        let file = folder.appendingPathComponent("config.toml")
        try Data(configuration.utf8).write(to: file)
        daemon = try stage.start("containerd", ["-c", file.path])
        let arguments = ["-a", "\(folder.path)/s", "version"]
        try await daemon.waitUntilReady {
            (try? await Command("ctr", arguments).outcome(within: .seconds(10)))?.status == .success
        }
    }

    func pull(_ request: PullRequest) async throws -> String {
        let namespace = request.namespace ?? "direct.test"
        let hosts = folder.appendingPathComponent("hosts")
        let settings = hosts.appendingPathComponent(namespace)
        try FileManager.default.createDirectory(at: settings, withIntermediateDirectories: true)
        let path = overridesPath ? "/v2/\(namespace)" : ""
        let scheme = request.certificates == nil ? "http" : "https"
        var lines = [
            "server = \"\(scheme)://\(request.host)\(path)\"",
            "override_path = \(overridesPath)",
            "[host.\"\(scheme)://\(request.host)\(path)\"]",
            "capabilities = [\"pull\", \"resolve\"]",
            "override_path = \(overridesPath)",
        ]
        if let certificates = request.certificates {
            lines += ["ca = \"\(certificates.authority.path)\""]
            if request.presentsCertificate {
                let (certificate, key) = (certificates.clientCertificate.path, certificates.clientKey.path)
                lines += ["client = [[\"\(certificate)\", \"\(key)\"]]"]
            }
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: settings.appendingPathComponent("hosts.toml"))
        return try await pull("\(namespace)/\(request.name):\(request.tag)", hosts: hosts)
    }

    /// - Parameter hosts: A folder as `/etc/containerd/certs.d`.
    func pull(_ image: String, hosts: URL) async throws -> String {
        try await Command(
            "ctr",
            ["-a", socket, "images", "pull", "--snapshotter", "native", "--hosts-dir", hosts.path, image]
        ).run()
        return try await Command("ctr", ["-a", socket, "images", "ls"]).run()
    }
}
