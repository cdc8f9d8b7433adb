import Foundation
import TestSupport

/// `skopeo copy --all`: the whole index with all platforms, as it stands.
struct Skopeo: ContainerClient {
    let stage: Stage
    let layout: URL

    init(stage: Stage) throws {
        self.stage = stage
        layout = try stage.makeDirectory("skopeo")
    }

    func pull(_ request: PullRequest) async throws -> String {
        var arguments = ["copy", "--all", "--preserve-digests"]
        if let certificates = request.certificates {
            arguments += ["--src-cert-dir", try certificates.directoryForClients(on: stage).path]
        } else {
            arguments += ["--src-tls-verify=false"]
        }
        if let (user, password) = request.credentials { arguments += ["--src-creds", "\(user):\(password)"] }
        try await Command("skopeo", arguments + ["docker://\(request.prefixed)", "oci:\(layout.path):pulled"]).run()
        return try String(contentsOf: layout.appendingPathComponent("index.json"), encoding: .utf8)
    }

    /// The blobs it has, each checked by its digest on arrival.
    var blobs: Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(layout.path)/blobs/sha256")) ?? []
        return Set(names.map { "sha256:\($0)" })
    }
}
