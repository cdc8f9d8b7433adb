import Configuration
import FoundationEssentials

/// The files in which container runtimes on this machine are told of mirrors, and whether they lead here as they should.
public struct RuntimeFiles: Sendable {
    /// In one folder; more are taken for something else.
    private static let most = 256

    let root: String
    let server: MirrorServer

    /// - Parameter root: Before `/etc`; empty for this machine's own.
    public init(root: String = "", server: MirrorServer) {
        self.root = root
        self.server = server
    }

    /// Reads them all, and blocks for that.
    public var findings: [Finding] {
        let found = containerd + podman + docker
        guard found.isEmpty else { return found }
        return [Finding(.ok, .runtimes, "files", "no runtime on this machine is told of mirrors")]
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().prefix(Self.most).map { $0 }
    }

    func table(_ path: String) -> Result<[String: SettingNode], UnreadableRuntimeFileError> {
        do throws(ConfigurationProblems) {
            return .success(try ConfigurationLoader.document(foreign: path).table ?? [:])
        } catch {
            return .failure(
                UnreadableRuntimeFileError(
                    path: path, message: error.problems.map(\.whatIsWrong).joined(separator: "; ")))
        }
    }

    /// A file that the runtime itself cannot make sense of either.
    struct UnreadableRuntimeFileError: Error {
        let path: String
        let message: String

        var finding: Finding {
            Finding(
                .failure, .runtimes, path, message,
                remedy: "correct it: the runtime takes nothing of it, or does not start")
        }
    }
}

extension ConfigurationProblem {
    fileprivate var whatIsWrong: String { line.map { "line \($0): \(message)" } ?? message }
}
