import Foundation
import TestSupport

/// A client program that pushes what it pulled.
protocol PushingClient: ContainerClient {
    /// Pushes what it pulled with `source` as `target`: a host that speaks plain HTTP, a name and a tag.
    func push(_ source: PullRequest, to target: PullRequest) async throws
}

extension Skopeo: PushingClient {
    func push(_ source: PullRequest, to target: PullRequest) async throws {
        try await Command(
            "skopeo",
            [
                "copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "oci:\(layout.path):pulled",
                "docker://\(target.prefixed)",
            ]
        ).run()
    }
}

extension Podman: PushingClient {
    func push(_ source: PullRequest, to target: PullRequest) async throws {
        try await Command(
            "podman", store + ["push", "--quiet", "--tls-verify=false", source.prefixed, target.prefixed]
        ).run()
    }
}

extension Buildah: PushingClient {
    func push(_ source: PullRequest, to target: PullRequest) async throws {
        try await Command(
            "buildah", store + ["push", "--quiet", "--tls-verify=false", source.prefixed, target.prefixed]
        ).run()
    }
}

extension DockerDaemon: PushingClient {
    func push(_ source: PullRequest, to target: PullRequest) async throws {
        try await docker("tag", "\(source.name):\(source.tag)", target.prefixed)
        try await docker("push", "--quiet", target.prefixed)
    }
}

extension Containerd: PushingClient {
    func push(_ source: PullRequest, to target: PullRequest) async throws {
        let local = "\(source.namespace ?? "direct.test")/\(source.name):\(source.tag)"
        try await Command("ctr", ["-a", socket, "images", "push", "--plain-http", target.prefixed, local]).run()
    }
}
