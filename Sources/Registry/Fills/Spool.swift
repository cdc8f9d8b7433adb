internal import NIOConcurrencyHelpers
internal import OCI
public import Storage

/// The local directory where content grows until it is whole and verified: what a killed server left is swept at the next
/// start, while another server on the same directory is safe.
public final class Spool: Sendable {
    private let own: ProcessFolder
    /// For tests: files behave as on a full disk beyond so many bytes.
    private let capacity: NIOLockedValueBox<SpoolFile.Capacity>
    private let room: SpoolRoom

    /// Makes this process' folder below `root` and removes those of processes that are gone.
    ///
    /// - Parameter capacity: Bytes of all its files together; beyond them it is as on a full disk.
    public init(root: String, capacity: Int64 = .max) throws(StorageError) {
        room = SpoolRoom(capacity)
        self.capacity = NIOLockedValueBox(SpoolFile.Capacity())
        own = try ProcessFolder(below: root)
    }

    public var folder: String { own.path }

    /// Whether another process works on what this one's belongs to: a server, or a command that holds the place of one.
    public var hasNeighbours: Bool { own.hasNeighbours }

    /// Whether a process has its folder below `root`.
    public static func isInUse(_ root: String) -> Bool { ProcessFolder.isInUse(root) }

    /// A new, empty file for the content of `digest`.
    func makeFile(_ digest: Digest) throws(StorageError) -> SpoolFile {
        let (path, file) = try own.makeFile("\(digest.algorithm.rawValue)-\(digest.hex)")
        return SpoolFile(
            path: path, file: file, capacity: capacity.withLockedValue { $0 }, share: room.share())
    }

    /// From now on new files are as on a disk that is full beyond so many bytes: for tests.
    ///
    /// - Parameter isReadOnly: It is not full but may not be written to.
    package func pretendFull(beyond bytes: Int64, isReadOnly: Bool = false) {
        capacity.withLockedValue { $0 = SpoolFile.Capacity(bytes: bytes, isReadOnly: isReadOnly) }
    }
}
