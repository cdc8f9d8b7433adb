import Foundation

/// A program run to its end.
public struct Command: Sendable {
    public var program: String
    public var arguments: [String]
    public var environment: [String: String]

    public init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// Runs it and returns what it printed; anything but exit code 0 is an error that carries the output.
    @discardableResult
    public func run(within limit: Duration = .seconds(120)) async throws -> String {
        let result = try await outcome(within: limit)
        guard result.status == .success else {
            let command = ([program] + arguments).joined(separator: " ")
            throw ProcessError.failed(command: command, status: result.status, output: result.output)
        }
        return result.output
    }

    /// Runs it and returns how it ended and what it printed.
    public func outcome(within limit: Duration = .seconds(120)) async throws -> (status: ExitStatus, output: String) {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("entrepot-\(UUID().uuidString).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let process = try RunningProcess(program, arguments, environment: environment, log: log)
        do {
            let status = try await process.waitForExit(within: limit)
            return (status, process.output)
        } catch {
            await process.kill()
            throw error
        }
    }
}
