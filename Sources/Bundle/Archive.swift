#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import Hashing
internal import NIOCore
internal import OCI
public import Tokens

/// Something that holds images: a bundle, or what another tool wrote.
public enum Archive: Sendable {
    case bundle(BundleReader)
    case entries(any ArchiveEntries)

    /// Opens a file, the volumes of a bundle, or the folder of an image layout.
    ///
    /// - Parameter trusted: Keys of which one must have signed; empty if anybody may have made it.
    /// - Throws: ``BundleError``; `untrusted` for what has no signature at all as well.
    public init(path: String, trusted: [VerificationKey] = []) throws(BundleError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            try Self.checkUnsigned(trusted)
            self = .entries(try FolderEntries(path))
            return
        }
        let volumes = try Volumes(named: path)
        let plain = PeekedSource(try VolumeSource(volumes, hashes: false))
        guard try !Self.isBundle(plain) else {
            self = .bundle(try BundleReader(plain, trusted: trusted))
            return
        }
        // What is compressed has bits that mean nothing: the digests beside it tell whether they are as they were.
        let sums = VolumeSums(volumes)
        let raw = try VolumeSource(volumes, hashes: sums != nil)
        try self.init(source: PeekedSource(raw), trusted: trusted) { () throws(BundleError) in
            try sums?.check(raw.digests)
        }
    }

    /// Reads what comes through a pipe.
    public init(descriptor: CInt, trusted: [VerificationKey] = []) throws(BundleError) {
        try self.init(
            source: PeekedSource(VolumeSource(descriptor: descriptor)), trusted: trusted
        ) { () throws(BundleError) in }
    }

    private init(
        source: PeekedSource, trusted: [VerificationKey], atEnd: @escaping () throws(BundleError) -> Void
    ) throws(BundleError) {
        let plain = PeekedSource(try DecompressedSource.of(source))
        if try Self.isBundle(plain) {
            self = .bundle(try BundleReader(plain, trusted: trusted, atEnd: atEnd))
        } else {
            try Self.checkUnsigned(trusted)
            self = .entries(try TarEntries(plain))
        }
    }

    private static func checkUnsigned(_ trusted: [VerificationKey]) throws(BundleError) {
        guard trusted.isEmpty else {
            throw BundleError(
                .untrusted, "this is no bundle, and only bundles are signed",
                remedy: "do not use --trust if you trust where it comes from")
        }
    }

    /// Whether a file is a tar file, compressed or not. Blocks: for threads that may.
    public static func isTar(_ path: String) throws(BundleError) -> Bool {
        do throws(BundleError) {
            let head = Array(try PeekedSource(try plain(path)).peek(TarHeader.blockSize))
            return head.count == TarHeader.blockSize && head[257..<262].elementsEqual("ustar".utf8)
        } catch {
            // Something that only begins as if it were compressed.
            guard error.code != .io else { throw error }
            return false
        }
    }

    /// What a file holds beneath its compression.
    static func plain(_ path: String) throws(BundleError) -> any ByteSource {
        try DecompressedSource.of(PeekedSource(try VolumeSource(Volumes(named: path), hashes: false)))
    }

    private static func isBundle(_ source: PeekedSource) throws(BundleError) -> Bool {
        let name = Array(BundleLayout.catalogue.utf8) + [0]
        return try source.peek(name.count).elementsEqual(name)
    }
}
