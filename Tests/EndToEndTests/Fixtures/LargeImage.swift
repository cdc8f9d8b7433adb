import Foundation
import TestSupport

/// `test/large:latest`: one layer of 512 MiB (see `build-large-image.py`).
struct LargeImage: Sendable {
    struct Facts: Sendable, Decodable {
        var manifest: String
        var layer: String
        var size: Int
    }

    let facts: Facts
    /// Not to be written to.
    let store = folder.appendingPathComponent("store")

    private static let folder = Paths.cache.appendingPathComponent("large-image")

    /// Built at the first use and kept for the following runs.
    static var ready: LargeImage {
        get async throws { try await once.value }
    }

    private static let once = Task {
        try await Command("/usr/bin/python3", [Paths.script("build-large-image.py"), folder.path])
            .run(within: .seconds(300))
        let facts = try Data(contentsOf: folder.appendingPathComponent("facts.json"))
        return LargeImage(facts: try JSONDecoder().decode(Facts.self, from: facts))
    }
}
