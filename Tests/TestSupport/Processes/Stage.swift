public import Foundation
import Glibc
import NIOConcurrencyHelpers
import Testing

/// Where one end-to-end test plays: a directory and the processes in it, all gone when the test is over.
public final class Stage: Sendable {
    public let directory: URL
    private let processes = NIOLockedValueBox<[RunningProcess]>([])
    private let mounts = NIOLockedValueBox<[URL]>([])
    private let names = NIOLockedValueBox(0)
    private let secrets = NIOLockedValueBox<Set<String>>([])
    private static let slots = Slots(max(2, ProcessInfo.processInfo.activeProcessorCount))

    private static let tellsTimes = ProcessInfo.processInfo.environment["ENTREPOT_E2E_TIMES"] != nil

    private init() throws {
        // Short, because the path of a Unix socket has at most 107 bytes.
        directory = URL(fileURLWithPath: "/tmp/e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    /// Runs `body` on a new stage and clears it away. When `body` throws, the error carries the tail of every log.
    public static func with<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: (Stage) async throws -> Value
    ) async throws -> Value {
        await slots.take()
        let begin = ContinuousClock.now
        let stage: Stage
        do { stage = try Stage() } catch {
            await slots.giveBack()
            throw error
        }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(stage))
        } catch {
            result = .failure(StageFailure(error: error, logs: stage.logs))
        }
        await stage.stop()
        let leak = stage.leak
        await stage.clear()
        await slots.giveBack()
        if tellsTimes, let test = Test.current { print("stage: \(test.name) \(ContinuousClock.now - begin)") }
        if let leak { throw leak }
        return try result.get()
    }

    /// Starts a process that lives at most as long as the stage.
    public func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], name: String? = nil
    ) throws -> RunningProcess {
        let number = names.withLockedValue { names in
            names += 1
            return names
        }
        let base = name ?? URL(fileURLWithPath: program).lastPathComponent
        let process = try RunningProcess(
            program, arguments, environment: environment, log: directory.appendingPathComponent("\(number)-\(base).log")
        )
        processes.withLockedValue { $0.append(process) }
        return process
    }

    /// A new, empty directory inside the stage.
    public func makeDirectory(_ name: String) throws -> URL {
        let number = names.withLockedValue { names in
            names += 1
            return names
        }
        let url = directory.appendingPathComponent("\(number)-\(name)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    /// Writes a text file into the stage.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> URL {
        let word = URL(fileURLWithPath: name).lastPathComponent
        if word.hasSuffix("token") || word.hasSuffix("password") || word.contains("secret") {
            keepSecret(text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let url = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url
    }

    /// Something that no program on this stage may print: looked for in all that they printed, when the test is over.
    @discardableResult
    public func keepSecret(_ text: String, of user: String? = nil) -> String {
        var forms: Set = [text]
        if let user { forms.insert(Data("\(user):\(text)".utf8).base64EncodedString()) }
        // What is shorter stands in every log.
        secrets.withLockedValue { $0.formUnion(forms.filter { $0.utf8.count >= 6 }) }
        return text
    }

    /// The first secret that the program under test printed.
    private var leak: SecretPrinted? {
        let secrets = secrets.withLockedValue { $0 }
        for process in processes.withLockedValue({ $0 }) where process.program.hasSuffix("/entrepot") {
            let output = process.output
            if let secret = secrets.first(where: output.contains),
                let line = output.split(separator: "\n").first(where: { $0.contains(secret) })
            {
                return SecretPrinted(line: String(line))
            }
        }
        return nil
    }

    /// A file system in memory, limited to `megabytes`. Needs root.
    public func mountTemporaryFileSystem(megabytes: Int) async throws -> URL {
        let url = try makeDirectory("tmpfs")
        try await Command("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", url.path]).run()
        mounts.withLockedValue { $0.append(url) }
        return url
    }

    private var logs: String {
        processes.withLockedValue { $0 }.map { process in
            "--- \(process.log.lastPathComponent) (\(process.isRunning ? "running" : "ended"))\n\(process.outputTail)"
        }.joined(separator: "\n")
    }

    private func stop() async {
        for process in processes.withLockedValue({ $0 }).reversed() {
            await process.stop(grace: .seconds(5))
        }
    }

    private func clear() async {
        for mount in mounts.withLockedValue({ $0 }).reversed() {
            _ = try? await Command("umount", ["-l", mount.path]).run()
        }
        // Container stores hold folders without write permission and mounts of their own; `rm` copes better.
        _ = try? await Command("rm", ["-rf", "--one-file-system", directory.path]).run()
    }
}

/// The program under test printed what nobody may see.
public struct SecretPrinted: Error, CustomStringConvertible {
    let line: String

    public var description: String { "a secret stands in the log: \(line)" }
}

/// A test's error with what the processes on its stage printed.
public struct StageFailure: Error, CustomStringConvertible {
    public let error: any Error
    let logs: String

    public var description: String { "\(error)\n\(logs)" }
}
