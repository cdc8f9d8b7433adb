internal import CArchive
internal import NIOCore

/// libarchive reading from a ``ByteSource``: one archive, one thread at a time.
final class LibArchive {
    let pointer: OpaquePointer
    private let source: any ByteSource
    /// What libarchive reads at the moment.
    private var piece = ByteBuffer()
    private var failure: BundleError?

    private static let pieceSize = 256 << 10

    init(_ source: any ByteSource) throws(BundleError) {
        guard let pointer = archive_read_new() else {
            throw BundleError(.io, "there is no memory to read an archive", remedy: "free some")
        }
        self.pointer = pointer
        self.source = source
    }

    deinit { archive_read_free(pointer) }

    /// Begins to read, once it is said which formats are expected.
    func open() throws(BundleError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        let status = archive_read_open(
            pointer, context, nil,
            { _, context, place in
                guard let context, let place else { return -1 }
                return Unmanaged<LibArchive>.fromOpaque(context).takeUnretainedValue().give(place)
            }, nil)
        try check(status)
    }

    private func give(_ place: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do throws(BundleError) {
            guard let next = try source.read(upTo: Self.pieceSize) else { return 0 }
            piece = next
        } catch {
            failure = error
            return -1
        }
        // Valid as long as nobody writes into `piece`, which happens at the next call.
        place.pointee = piece.withUnsafeReadableBytes { $0.baseAddress }
        return piece.readableBytes
    }

    /// - Throws: Unless all went well, or so that it can go on.
    func check(_ status: Int32) throws(BundleError) {
        if let failure { throw failure }
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN else { throw damage }
    }

    var damage: BundleError {
        let text = archive_error_string(pointer).map { String(cString: $0) } ?? "it cannot be read"
        return .damaged("the archive is damaged near \(source.place): \(text.prefix(200))")
    }
}
