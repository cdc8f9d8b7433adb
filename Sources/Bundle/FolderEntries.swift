#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import NIOCore
internal import Storage

/// The folder of an OCI image layout.
///
/// `@unchecked Sendable`: one reader uses it, one call at a time.
final class FolderEntries: ArchiveEntries, @unchecked Sendable {
    private let root: String
    private var paths: [String]
    private var source: VolumeSource?

    init(_ root: String) throws(BundleError) {
        self.root = root
        var paths = [BundleLayout.marker, BundleLayout.index]
        for algorithm in ["sha256", "sha512"] {
            let folder = "blobs/\(algorithm)"
            paths += LocalFolder.names("\(root)/\(folder)").filter { !$0.hasPrefix(".") }.sorted().map {
                "\(folder)/\($0)"
            }
        }
        self.paths = paths.reversed()
        guard access("\(root)/\(BundleLayout.marker)", F_OK) == 0 else {
            throw BundleError(
                .unknownFormat, "the folder \(root) is no OCI image layout: it has no \(BundleLayout.marker)",
                remedy: TarEntries.remedy)
        }
    }

    func next() throws(BundleError) -> ArchiveEntry? {
        source = nil
        guard let path = paths.popLast() else { return nil }
        var status = stat()
        // What a link leads to belongs to somebody else.
        guard lstat("\(root)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw BundleError(
                .refused, "\(root)/\(path) is no file", remedy: "copy the layout anew, without links")
        }
        source = try VolumeSource(Volumes(named: "\(root)/\(path)"), hashes: false)
        return ArchiveEntry(path: path, kind: .file(size: Int64(status.st_size)))
    }

    func read(upTo most: Int) throws(BundleError) -> ByteBuffer? { try source?.read(upTo: most) }
}
