#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import Configuration
import FoundationEssentials

/// What keeps a folder from being used, or from being made: found without making anything.
public struct FolderObstacle: Sendable, Equatable {
    public let message: String
    public let remedy: String

    /// Nil if the folder, or the place where it is to be made, is a folder that may be written to. Looks at once, and blocks
    /// for that.
    public init?(_ folder: String) {
        var path = folder
        var status = stat()
        while stat(path, &status) != 0 {
            let reason = errno
            if let target = PathStep.target(ofLink: path) {
                self.init("\(path) is a link to \(target), which is not there", "mount it, or correct the link")
                return
            }
            guard reason == ENOENT || reason == ENOTDIR else {
                self.init("\(path): \(String(cString: strerror(reason)))", "correct the path or its permissions")
                return
            }
            path = PathStep.parent(of: path)
        }
        if status.st_mode & S_IFMT != S_IFDIR {
            self.init(
                path == folder ? "\(folder) is not a folder" : "\(folder) lies below \(path), which is not a folder",
                "name a folder, or a place where one can be made")
        } else if status.st_nlink == 0 {
            self.init(
                "\(path) is a folder that was removed",
                "start from another working directory, or name it in full")
        } else if Self.isKernels(path) {
            self.init(
                "\(folder) lies where the kernel tells of itself, and nothing can be made",
                "name a folder on a disk")
        } else if access(path, W_OK | X_OK) != 0 {
            self.init(
                "\(path) may not be written to: \(String(cString: strerror(errno)))",
                "give the folder to the user that entrepot runs as")
        } else {
            return nil
        }
    }

    private init(_ message: String, _ remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    private static let kernels: Set = ["proc", "sysfs", "cgroup", "cgroup2"]

    private static func isKernels(_ path: String) -> Bool {
        guard let resolved = realpath(path, nil) else { return false }
        defer { free(resolved) }
        guard let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return false }
        return Mount.holding(String(cString: resolved), table: table).map { kernels.contains($0.kind) } ?? false
    }
}
