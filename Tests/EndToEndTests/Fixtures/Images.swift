import Foundation
import TestSupport

/// The images that `build-images.sh` made, and a store as Debian's docker-registry wrote it.
struct Images: Sendable {
    /// The digests, as `compose-images.py` wrote them down.
    struct Facts: Sendable, Decodable {
        var index: String
        var amd64: String
        var arm64: String
        var artifact: String
        var artifactType: String
        var layers: [String]
    }

    let facts: Facts
    /// `docker/registry/v2/...` with `test/app` and `library/app`. Not to be written to: see `copyStore`.
    let store = Paths.cache.appendingPathComponent("registry-store")
    let largeBlob = Paths.cache.appendingPathComponent("blob-256m")
    let smallBlob = Paths.cache.appendingPathComponent("blob-1m")

    /// Built at the first use and kept for the following runs.
    static var ready: Images {
        get async throws { try await once.value }
    }

    private static let once = Task {
        try await Command(Paths.script("build-images.sh"), [Paths.cache.path]).run(within: .seconds(600))
        let facts = try Data(contentsOf: Paths.cache.appendingPathComponent("images/facts.json"))
        return Images(facts: try JSONDecoder().decode(Facts.self, from: facts))
    }

    /// A copy for a test that writes into the store or breaks it.
    func copyStore(to stage: Stage) async throws -> URL {
        let copy = try stage.makeDirectory("store")
        try await Command("cp", ["-a", store.path + "/.", copy.path]).run()
        return copy
    }
}
