import ChildProcesses
import Foundation
import Glibc

extension RunningProcess {
    private static let searchPath: [String] =
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"]

    static func path(of program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        return searchPath.lazy.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    static func spawn(
        _ path: String, _ arguments: [String], environment: [String: String], log: URL
    ) throws(ProcessError) -> Int32 {
        let launch = ChildLaunch(
            path, arguments, environment: environment, output: .end(ofFile: log.path), errors: .end(ofFile: log.path))
        do throws(ChildLaunchError) {
            return try launch.start().get()
        } catch {
            throw .notStarted(program: path, errno: error.number)
        }
    }
}
