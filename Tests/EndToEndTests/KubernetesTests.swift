import Foundation
import TestSupport
import Testing

/// The manifests and the chart in `config`, against Kubernetes' schemas, Helm and the program (see `kubernetes.py`).
@Suite struct KubernetesTests {
    private static func check(_ config: URL, on stage: Stage) async throws -> (
        status: TestSupport.ExitStatus, output: String
    ) {
        let python = Paths.tree.appendingPathComponent(".build/kubernetes/bin/python3").path
        let work = try stage.makeDirectory("work")
        return try await Command(
            python, [Paths.script("kubernetes.py"), Paths.entrepot.path, config.path, work.path]
        ).outcome()
    }

    @Test func everyManifestIsValidAndItsConfigurationIsTaken() async throws {
        try await Stage.with { stage in
            let outcome = try await Self.check(Paths.tree.appendingPathComponent("config"), on: stage)
            #expect(outcome.status == .success, "\(outcome.output)")
            #expect(outcome.output.hasSuffix(", 0 problems\n"))
        }
    }

    @Test(arguments: [
        ("kubernetes/single.yaml", "readinessProbe:", "readynessProbe:", "not valid"),
        ("kubernetes/single.yaml", "max_size", "maximum_size", "maximum_size"),
        ("kubernetes/single.yaml", "{name: tmp, mountPath: /tmp}", "{name: temp, mountPath: /tmp}", "no volume temp"),
        ("kubernetes/three-replicas.yaml", " secret_file =", " secrets_file =", "secrets_file"),
        ("kubernetes/node-mirror.yaml", "matchLabels: {app", "matchLabels: {apps", "does not meet its pods"),
        ("helm/entrepot/templates/service.yaml", "targetPort: registry", "targetPort: web", "have no port web"),
        ("helm/entrepot/templates/_helpers.tpl", "seccompProfile: {type", "seccompProfile: {kind", "not valid"),
        ("helm/entrepot/templates/_helpers.tpl", "secret_file =", "secrets_file =", "secrets_file"),
        (
            "helm/entrepot/templates/_helpers.tpl", "fsGroup: 65532", "runAsGroup: 65532",
            "secrets may be read by root alone"
        ),
        ("helm/entrepot/templates/configmap.yaml", "gt $wanted", "eq $wanted", "more than their volume holds is taken"),
    ])
    func aWrongOneWouldBeFound(file: String, right: String, wrong: String, told: String) async throws {
        try await Stage.with { stage in
            let config = stage.directory.appendingPathComponent("config")
            try FileManager.default.copyItem(at: Paths.tree.appendingPathComponent("config"), to: config)
            let path = config.appendingPathComponent(file)
            let text = try String(contentsOf: path, encoding: .utf8)
            #expect(text.contains(right))
            try Data(text.replacing(right, with: wrong).utf8).write(to: path)
            let outcome = try await Self.check(config, on: stage)
            #expect(outcome.status == .exited(1))
            #expect(outcome.output.contains(told), "\(outcome.output)")
        }
    }
}
