import Foundation
import TestSupport
import Testing

/// Rules for what is kept, shown and applied by the program.
@Suite struct RetentionTests {
    @Test func theDryRunTellsWhichRuleKeepsEachTagAndTheServerRemovesTheRest() async throws {
        try await Stage.with { stage in
            let tables = """
                [global.retention_policy]
                rules = ["image.tag == 'latest'"]
                [repository.local.retention_policy]
                rules = ["top_pushed(1)"]
                \(try EntrepotServer.adminTable(on: stage))
                """
            let entrepot = try await EntrepotServer.start(on: stage, repositories: tables)
            for tag in ["latest", "v1", "v2"] {
                let manifest = try stage.write(
                    #"{"schemaVersion":2,"layers":[],"annotations":{"tag":"\#(tag)"}}"#, to: "manifest-\(tag)")
                let pushed = try await entrepot.get(
                    "/v2/local/app/manifests/\(tag)",
                    headers: ["Content-Type": "application/vnd.oci.image.manifest.v1+json"], method: "PUT",
                    options: ["--data-binary", "@\(manifest.path)"])
                #expect(pushed.status == 201)
            }
            let dry = try await entrepot.command("retention", "--dry-run")
            #expect(dry.status == .exited(0))
            #expect(dry.output.contains("keep\tlocal/app:latest\timage.tag == 'latest'"), "\(dry.output)")
            #expect(dry.output.components(separatedBy: "go\tlocal/app:").count >= 2)
            #expect(try await entrepot.get("/v2/local/app/tags/list").text.contains("v1"))

            let run = try await entrepot.command("retention")
            #expect(run.status == .exited(0), "\(run.output)")
            let rest = try await entrepot.command("retention", "-d")
            #expect(!rest.output.contains("go\t"), "\(rest.output)")
            #expect(try await entrepot.get("/v2/local/app/manifests/latest").status == 200)
        }
    }
}
