#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whose a store on a file system is, and whether this process may do in it what the server does.
public struct StoreRights: Sendable {
    private let root: String
    /// Nil if it is not there.
    public let owner: UInt32?

    /// Folders that the server writes into, below the root.
    private static let folders = [
        "", "docker/registry/v2", "docker/registry/v2/blobs", "docker/registry/v2/blobs/sha256",
        "docker/registry/v2/repositories", ".entrepot", ".entrepot/spool",
    ]

    /// Looks at once, and blocks for that.
    public init(root: String) {
        self.root = root
        owner = Self.owner(root)
    }

    /// Whether what this process wrote there would be another user's than the server's.
    public var isForeign: Bool { owner.map { $0 != geteuid() } ?? false }

    public var findings: [Finding] {
        guard let owner else {
            if let obstacle = FolderObstacle(root) {
                return [Finding(.failure, .store, root, "cannot be made: \(obstacle.message)", remedy: obstacle.remedy)]
            }
            return [Finding(.note, .store, root, "is not there yet; the server makes it when it starts")]
        }
        var found: [Finding] = []
        for folder in Self.folders {
            let path = folder.isEmpty ? root : "\(root)/\(folder)"
            guard let other = Self.owner(path) else { continue }
            if access(path, R_OK | W_OK | X_OK) != 0 {
                found.append(
                    Finding(
                        .failure, .store, path,
                        "may not be written to by this user: \(String(cString: strerror(errno)))",
                        remedy: isForeign
                            ? "run this as the user that the server runs as, user \(owner)"
                            : "give it to the user that the server runs as: chown -R \(geteuid()) \(root)"))
            } else if other != owner {
                found.append(
                    Finding(
                        .warning, .store, path, "belongs to user \(other), the store to user \(owner)",
                        remedy: "give it to the user that the server runs as: chown -R \(owner) \(root)"))
            }
        }
        guard found.isEmpty else { return found }
        return [Finding(.ok, .store, root, "belongs to user \(owner), and may be read and written")]
    }

    private static func owner(_ path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_uid : nil
    }
}
