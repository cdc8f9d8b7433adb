import Foundation
import TestSupport

/// `podman pull` into a store of its own.
struct Podman: ContainerClient {
    let stage: Stage
    let store: [String]

    init(stage: Stage) throws {
        try ClientKind.requireRoot()
        self.stage = stage
        let folder = try stage.makeDirectory("podman").path
        store = [
            "--root", "\(folder)/root", "--runroot", "\(folder)/run", "--tmpdir", "\(folder)/tmp",
            "--storage-driver", "vfs", "--events-backend", "none",
        ]
    }

    func pull(_ request: PullRequest) async throws -> String {
        var arguments = store + ["pull", "--quiet"]
        if let certificates = request.certificates {
            arguments += ["--cert-dir", try certificates.directoryForClients(on: stage).path]
        } else {
            arguments += ["--tls-verify=false"]
        }
        try await Command("podman", arguments + [request.prefixed]).run()
        return try await Command(
            "podman", store + ["image", "inspect", "--format", "{{json .RepoDigests}}", request.prefixed]
        ).run()
    }
}
