import Foundation
import TestSupport
import Testing

/// A store that docker-registry wrote and a disk damaged, looked at and repaired by the program.
@Suite struct ScrubTests {
    @Test func damageIsFoundBesideTheRunningServerAndRepairedByIt() async throws {
        let images = try await Images.ready
        try await Stage.with { stage in
            // As a registry of its own.
            let root = try await images.copyStore(to: stage)
            let entrepot = try await EntrepotServer.start(
                on: stage, root: root,
                repositories: try EntrepotServer.adminTable(on: stage) + "[repository.test]\n[repository.library]\n")
            let whole = try await entrepot.command("scrub", "--check", "-b", "-l", "-t", "-p", "1d")
            #expect(whole.status == .exited(0), "\(whole.output)")
            #expect(whole.output.contains("0 abandoned transfers"))

            let layer = images.facts.layers[0]
            try Data("damage".utf8).write(to: entrepot.blobPath(layer))
            let tag = root.appendingPathComponent(
                "docker/registry/v2/repositories/test/app/_manifests/tags/multi/current/link")
            try Data().write(to: tag)
            let check = try await entrepot.command("scrub", "--check")
            #expect(check.status == .exited(1))
            #expect(check.output.contains("damaged-content\t\(layer)\tdry-run"), "\(check.output)")
            #expect(check.output.contains("damaged-tag\ttest/app multi\tdry-run"))
            let json = try await entrepot.command("scrub", "--dry-run", "--json", "--tags")
            #expect(json.status == .exited(0))
            #expect(json.output.contains("\"kind\":\"damaged-tag\""))

            let repair = try await entrepot.command("scrub")
            #expect(repair.status == .exited(0), "\(repair.output)")
            #expect(repair.output.contains("\"repair\":\"quarantined\""))
            #expect(try await entrepot.get("/v2/test/app/manifests/multi").status == 200)
            #expect(try await entrepot.get("/v2/test/app/blobs/\(layer)").status == 404)
        }
    }
}
