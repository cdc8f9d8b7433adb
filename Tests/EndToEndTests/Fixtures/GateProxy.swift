import Foundation
import TestSupport

/// Stands before a registry and holds its long answers back in their middle until the registry is gone.
struct GateProxy: Sendable {
    let port: UInt16
    private let process: RunningProcess

    var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter bytes: What of each connection is passed on.
    static func start(on stage: Stage, before registry: DockerRegistry, bytes: Int) async throws -> GateProxy {
        let port = FreePorts.next()
        let process = try stage.start(
            "/usr/bin/python3", [Paths.script("gate-proxy.py"), "\(port)", "\(registry.port)", "\(bytes)"],
            name: "gate-proxy")
        try await process.waitUntilReady { FreePorts.isListening(port) }
        return GateProxy(port: port, process: process)
    }

    /// Waits until an answer is held back.
    func isHolding() async throws -> Bool {
        try await eventually(within: .seconds(60)) { process.output.contains("held") ? true : nil } ?? false
    }
}
