internal import CArchive
internal import NIOCore

/// What is in a source that was compressed as a whole.
final class DecompressedSource: ByteSource {
    private let archive: LibArchive
    private let source: any ByteSource
    private var isAtEnd = false

    /// What compressed files begin with: gzip, zstd, xz, bzip2.
    private static let marks: [[UInt8]] = [
        [0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], [0x42, 0x5A, 0x68],
    ]

    /// The source itself where it is not compressed.
    static func of(_ source: PeekedSource) throws(BundleError) -> any ByteSource {
        let head = try source.peek(6)
        guard marks.contains(where: { head.starts(with: $0) }) else { return source }
        return try DecompressedSource(source)
    }

    private init(_ source: any ByteSource) throws(BundleError) {
        self.source = source
        archive = try LibArchive(source)
        archive_read_support_filter_gzip(archive.pointer)
        archive_read_support_filter_zstd(archive.pointer)
        archive_read_support_filter_xz(archive.pointer)
        archive_read_support_filter_bzip2(archive.pointer)
        archive_read_support_format_raw(archive.pointer)
        try archive.open()
        var entry: OpaquePointer?
        try archive.check(archive_read_next_header(archive.pointer, &entry))
        // One, and the end. What is compressed several times over grows out of all proportion.
        guard archive_filter_count(archive.pointer) <= 2 else {
            throw BundleError(
                .refused, "the archive is compressed more than once", remedy: "undo all but the last compression")
        }
    }

    var place: String { source.place }

    func read(upTo most: Int) throws(BundleError) -> ByteBuffer? {
        guard !isAtEnd else { return nil }
        var bytes = ByteBuffer()
        var count = 0
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { buffer in
            count = archive_read_data(archive.pointer, buffer.baseAddress, most)
            return max(0, count)
        }
        if count < 0 {
            try archive.check(Int32(clamping: count))
            throw archive.damage
        }
        guard count > 0 else {
            isAtEnd = true
            // What follows the compressed bytes does not belong to it.
            while let more = try source.read(upTo: 1 << 16) {
                guard more.readableBytes == 0 else { throw BundleError.damaged("something follows the archive's end") }
            }
            return nil
        }
        return bytes
    }
}
