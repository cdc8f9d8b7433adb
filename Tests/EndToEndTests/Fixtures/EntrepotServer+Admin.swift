import Foundation
import TestSupport
import Testing

/// The admin API of the program under test.
extension EntrepotServer {
    struct Reload: Decodable, Equatable {
        var cause: String
        var outcome: String
        var generation: Int
        var problems: [String]
        var restartRequired: [String]
    }

    struct Status: Decodable {
        var version: String
        var uptimeSeconds: Int
        var configurationFiles: [String]
        var generation: Int
        var lastReload: Reload?
        var restartRequired: [String]
        var requestsInFlight: Int
    }

    private static let authorization = ["Authorization": "Bearer \(adminToken)"]

    func status() async throws -> Status {
        let answer = try await get("/_entrepot/status", headers: Self.authorization)
        return try JSONDecoder().decode(Status.self, from: answer.body)
    }

    /// Waits until a reload has ended that `matches`.
    @discardableResult
    func reloaded(_ matches: @escaping (Reload) -> Bool) async throws -> Reload {
        let reload = try await eventually(within: .seconds(20)) {
            try await self.status().lastReload.flatMap { matches($0) ? $0 : nil }
        }
        return try #require(reload, "\(process.outputTail)")
    }

    /// The program as an operator runs it beside the server.
    func command(_ arguments: String...) async throws -> (status: TestSupport.ExitStatus, output: String) {
        try await Command(Paths.entrepot.path, ["-c", configuration.path] + arguments).outcome()
    }
}
