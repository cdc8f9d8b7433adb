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
    private let user: UInt32
    /// Nil if it is not there.
    public let owner: UInt32?

    /// Folders that the server writes into, below the root.
    private static let folders = [
        "", "docker/registry/v2", "docker/registry/v2/blobs", "docker/registry/v2/blobs/sha256",
        "docker/registry/v2/repositories", ".entrepot", ".entrepot/spool",
    ]

    /// Looks at once, and blocks for that.
    ///
    /// - Parameter user: Who looks; nil for who runs this process.
    public init(root: String, user: UInt32? = nil) {
        self.root = root
        self.user = user ?? geteuid()
        owner = Self.owner(root)
    }

    /// Whether what this process wrote there would be another user's than the server's.
    public var isForeign: Bool { owner.map { $0 != user } ?? false }

    /// Why this process had better write nothing there, and what to do; nil where it may. The superuser is kept from nothing,
    /// and the server is kept from what is the superuser's.
    public var refusal: String? {
        // What the server has made tells whose it is: the folder itself may be lent to it by its group.
        guard user == 0, let server = Self.owner("\(root)/.entrepot") ?? owner, server != 0 else { return nil }
        return
            "\(root) belongs to user \(server), who could not go on with what the superuser writes there; run this as "
            + "that user: sudo -u '#\(server)' ..."
    }

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
                            : "give it to the user that the server runs as: chown -R \(user) \(root)"))
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
