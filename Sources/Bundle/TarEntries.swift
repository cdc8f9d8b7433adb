internal import CArchive
internal import NIOCore

/// A tar file as any tool may have written it, or somebody who means harm.
///
/// `@unchecked Sendable`: one reader of one archive uses it, one call at a time.
final class TarEntries: ArchiveEntries, @unchecked Sendable {
    private let archive: LibArchive
    private var count = 0
    private var left: Int64 = 0
    private var names: Set<String> = []

    /// Entries; an image has a few for each layer.
    static let mostEntries = 200_000

    init(_ source: any ByteSource) throws(BundleError) {
        archive = try LibArchive(source)
        archive_read_support_format_tar(archive.pointer)
        do throws(BundleError) {
            try archive.open()
        } catch {
            guard error.code == .damaged else { throw error }
            throw BundleError(
                .unknownFormat, "this is no archive of images", remedy: Self.remedy, cause: error)
        }
    }

    static let remedy =
        "give a bundle, what 'docker save', 'podman save' or 'skopeo copy' wrote, or the folder of an OCI layout"

    func next() throws(BundleError) -> ArchiveEntry? {
        while true {
            var entry: OpaquePointer?
            let status = archive_read_next_header(archive.pointer, &entry)
            if status == ARCHIVE_EOF { return nil }
            try archive.check(status)
            guard let entry else { throw archive.damage }
            count += 1
            guard count <= Self.mostEntries else {
                throw BundleError(
                    .refused, "the archive has more than \(Self.mostEntries) entries",
                    remedy: "check that it is an archive of images")
            }
            if let found = try self.entry(entry) { return found }
        }
    }

    /// Nil for a folder.
    private func entry(_ entry: OpaquePointer) throws(BundleError) -> ArchiveEntry? {
        guard let text = archive_entry_pathname(entry).map({ String(cString: $0) }) else {
            throw Self.refused("an entry has a name that is no text")
        }
        // AE_IFMT and its like are macros that Swift does not see.
        let type = UInt32(archive_entry_filetype(entry)) & 0o170000
        if type == 0o040000 { return nil }
        guard let path = ArchiveEntry.resolve(text), !text.split(separator: "/").contains("..") else {
            throw Self.refused("an entry's name leads out of the archive")
        }
        guard names.insert(path).inserted else { throw Self.refused("an entry is there twice") }
        if let target = archive_entry_hardlink(entry).map({ String(cString: $0) }) {
            guard let target = ArchiveEntry.resolve(target) else {
                throw Self.refused("a link leads out of the archive")
            }
            return ArchiveEntry(path: path, kind: .link(to: target))
        }
        switch type {
        case 0o100000:
            let size = archive_entry_size(entry)
            guard archive_entry_size_is_set(entry) != 0, size >= 0, archive_entry_sparse_count(entry) == 0 else {
                throw Self.refused("a file has no size, or holes")
            }
            left = size
            return ArchiveEntry(path: path, kind: .file(size: size))
        case 0o120000:
            guard let target = archive_entry_symlink(entry).map({ String(cString: $0) }),
                let resolved = ArchiveEntry.resolve(target, in: path.split(separator: "/").dropLast())
            else { throw Self.refused("a link leads out of the archive") }
            return ArchiveEntry(path: path, kind: .link(to: resolved))
        default: throw Self.refused("an entry is neither file, folder nor link")
        }
    }

    func read(upTo most: Int) throws(BundleError) -> ByteBuffer? {
        guard left > 0 else { return nil }
        var bytes = ByteBuffer()
        var count = 0
        let wanted = Int(min(left, Int64(most)))
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { buffer in
            count = archive_read_data(archive.pointer, buffer.baseAddress, wanted)
            return max(0, count)
        }
        guard count > 0 else {
            try archive.check(Int32(clamping: count))
            throw archive.damage
        }
        left -= Int64(count)
        return bytes
    }

    private static func refused(_ what: String) -> BundleError {
        BundleError(.refused, what, remedy: "take no archives from who makes such; \(remedy)")
    }
}
