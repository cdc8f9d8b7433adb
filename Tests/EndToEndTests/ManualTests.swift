import Foundation
import TestSupport
import Testing

/// The commands of the manual, run as they stand on its pages (see `run-manual.py`, which also says which are not, and why).
@Suite struct ManualTests {
    private static let pages: [String] = {
        let docs =
            (try? FileManager.default.subpathsOfDirectory(atPath: Paths.tree.appendingPathComponent("docs").path)) ?? []
        let all = ["README.md"] + docs.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
        return all.filter { page in
            let text = try? String(contentsOf: Paths.tree.appendingPathComponent(page), encoding: .utf8)
            return text?.contains(/(?m)^ *```(?:sh|console)$/) == true
        }
    }()

    @Test func thereAreCommandsToRun() {
        #expect(Self.pages.count > 10)
    }

    @Test(arguments: pages)
    func everyCommandOfAPageDoesWhatItIsShownFor(page: String) async throws {
        try ClientKind.requireRoot()
        let images = try await Images.ready
        _ = images
        try await Stage.with { stage in
            let layout = Paths.cache.appendingPathComponent("images").path
            let outcome = try await Command(
                "unshare",
                [
                    "--net", "--mount", "--fork", "python3", Paths.script("run-manual.py"), Paths.entrepot.path,
                    Paths.tree.path, layout, try stage.makeDirectory("manual").path, page,
                ]
            ).outcome(within: .seconds(300))
            #expect(outcome.status == .success, "\(outcome.output)")
            #expect(outcome.output.contains(", 0 failed"))
        }
    }
}
