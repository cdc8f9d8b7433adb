import Foundation
import TestSupport

/// `buildah from`: the pull at the start of a build.
struct Buildah: ContainerClient {
    let stage: Stage
    let store: [String]

    init(stage: Stage) throws {
        try ClientKind.requireRoot()
        self.stage = stage
        let folder = try stage.makeDirectory("buildah").path
        store = ["--root", "\(folder)/root", "--runroot", "\(folder)/run", "--storage-driver", "vfs"]
    }

    func pull(_ request: PullRequest) async throws -> String {
        var arguments = store + ["from", "--quiet"]
        if let certificates = request.certificates {
            arguments += ["--cert-dir", try certificates.directoryForClients(on: stage).path]
        } else {
            arguments += ["--tls-verify=false"]
        }
        try await Command("buildah", arguments + [request.prefixed]).run()
        return try await Command("buildah", store + ["images", "--json"]).run()
    }
}
