internal import CArchive
internal import NIOCore

/// Compresses what goes into a sink.
final class CompressingSink: ByteSink {
    enum Compression {
        case zstd(level: Int)
        /// Without a time, so that the same is always the same.
        case gzip
    }

    private let sink: any ByteSink
    private let archive: OpaquePointer
    private var failure: BundleError?

    init(_ sink: any ByteSink, _ compression: Compression) throws(BundleError) {
        self.sink = sink
        guard let archive = archive_write_new() else {
            throw BundleError(.io, "there is no memory to compress", remedy: "free some")
        }
        self.archive = archive
        archive_write_set_format_raw(archive)
        archive_write_set_bytes_per_block(archive, 1 << 18)
        archive_write_set_bytes_in_last_block(archive, 1)
        let isSet =
            switch compression {
            case .zstd(let level):
                archive_write_add_filter_zstd(archive) == ARCHIVE_OK
                    && archive_write_set_filter_option(archive, "zstd", "compression-level", String(level))
                        == ARCHIVE_OK
            case .gzip:
                archive_write_add_filter_gzip(archive) == ARCHIVE_OK
                    && archive_write_set_filter_option(archive, "gzip", "timestamp", nil) == ARCHIVE_OK
            }
        guard isSet else { throw error }
        let status = archive_write_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, context, bytes, count in
                guard let context, let bytes else { return -1 }
                return Unmanaged<CompressingSink>.fromOpaque(context).takeUnretainedValue().take(
                    UnsafeRawBufferPointer(start: bytes, count: count))
            }, nil)
        guard status == ARCHIVE_OK, let entry = archive_entry_new() else { throw error }
        defer { archive_entry_free(entry) }
        // There is one file, and its name is not kept.
        archive_entry_set_pathname(entry, "bundle")
        // AE_IFREG, a macro that Swift does not see.
        archive_entry_set_filetype(entry, 0o100000)
        guard archive_write_header(archive, entry) == ARCHIVE_OK else { throw error }
    }

    deinit { archive_write_free(archive) }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        do throws(BundleError) {
            try sink.write(ByteBuffer(bytes: bytes))
            return bytes.count
        } catch {
            failure = error
            return -1
        }
    }

    func write(_ bytes: ByteBuffer) throws(BundleError) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let count = rest.readWithUnsafeReadableBytes {
                max(0, archive_write_data(archive, $0.baseAddress, $0.count))
            }
            guard count > 0, failure == nil else { throw error }
        }
    }

    func finish() throws(BundleError) {
        guard archive_write_close(archive) == ARCHIVE_OK, failure == nil else { throw error }
        try sink.finish()
    }

    func abandon() { sink.abandon() }

    private var error: BundleError {
        if let failure { return failure }
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "unknown"
        return BundleError(.io, "it cannot be compressed: \(text)", remedy: "make a bundle without --zstd")
    }
}
