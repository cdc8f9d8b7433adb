import Foundation
import TestSupport

/// An upstream that serves one file as a layer, with a fault chosen by the repository's first component
/// (see `scripted-upstream.py`), and remembers what it was asked.
struct ScriptedUpstream: Sendable {
    struct Facts: Sendable, Decodable {
        var layer: String
        var size: Int
        var config: String
        var manifest: String
    }

    struct Request: Sendable, Decodable {
        var method: String
        var path: String
        var range: String?
        var authorization: String?
    }

    let port: UInt16
    let facts: Facts
    private let process: RunningProcess

    var url: String { "http://127.0.0.1:\(port)" }

    static func start(on stage: Stage, file: URL, trap: ScriptedUpstream? = nil) async throws -> ScriptedUpstream {
        let port = FreePorts.next()
        var arguments = [Paths.script("scripted-upstream.py"), "\(port)", file.path]
        // By name and not by number, so that it is another host for whoever compares them.
        if let trap { arguments += ["--trap", "http://localhost:\(trap.port)/bytes"] }
        let process = try stage.start("/usr/bin/python3", arguments, name: "scripted-upstream")
        try await process.waitUntilReady { FreePorts.isListening(port) }
        let facts = try await HTTPProbe.get("http://127.0.0.1:\(port)/_facts")
        return ScriptedUpstream(
            port: port, facts: try JSONDecoder().decode(Facts.self, from: facts.body), process: process)
    }

    /// All requests so far.
    var requests: [Request] {
        get async throws {
            try JSONDecoder().decode([Request].self, from: try await HTTPProbe.get("\(url)/_log").body)
        }
    }

    /// Lets the gated blobs flow on.
    func release() async throws {
        _ = try await HTTPProbe.get("\(url)/_release", method: "POST")
    }

    func stop() async {
        await process.stop(grace: .seconds(1))
    }

    /// The table that leads Entrepot to the repositories below `mode`.
    func configuration(namespace: String, mode: String, more: String = "") -> String {
        """
        [[repository."\(namespace)".upstream]]
        url = "\(url)/\(mode)"
        \(more)

        """
    }
}
