internal import Foundation

/// A real `redis-server`, which keeps nothing.
public struct RedisServer: Sendable {
    public let port: UInt16
    public let process: RunningProcess

    public static func start(
        on stage: Stage, port: UInt16 = FreePorts.next(), options: [String] = [], sentinel: String? = nil
    ) async throws -> RedisServer {
        var arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no",
            "--dir",
            stage.directory.path,
        ]
        if let sentinel { arguments = [sentinel, "--sentinel"] }
        let process = try stage.start("redis-server", arguments + options, name: "redis-\(port)")
        try await process.waitUntilReady { FreePorts.isListening(port) }
        return RedisServer(port: port, process: process)
    }

    /// What `redis-cli` prints.
    @discardableResult
    public func command(_ words: String...) async throws -> String {
        try await Command("redis-cli", ["-p", "\(port)"] + words).run()
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
