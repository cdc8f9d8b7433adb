internal import Hashing
public import NIOCore
public import OCI
internal import Tokens

/// Reads a bundle from its first byte to its last, and takes nothing but what its catalogue says: each header, padding and
/// end is compared with what it has to be, and each content with its digest. Blocks: for threads that may.
///
/// `@unchecked Sendable`: one reader of one bundle uses it, one call at a time.
public final class BundleReader: @unchecked Sendable {
    public let catalogue: Catalogue
    /// Of the catalogue as it is written: what a delta that builds upon this bundle names.
    public let digest: Digest
    /// Whether there is a signature, whoever made it.
    public let isSigned: Bool

    private let source: any ByteSource
    private let atEnd: () throws(BundleError) -> Void
    private var number = 0
    private var hasher = DigestHasher(.sha256)
    /// Bytes of the content at hand that were not read yet.
    private var left: Int64 = 0
    private var isAtEnd = false

    /// - Parameters:
    ///   - trusted: Keys of which one must have signed; empty if anybody may have made it.
    ///   - atEnd: Looks at what else there is to be checked.
    init(
        _ source: any ByteSource, trusted: [VerificationKey],
        atEnd: @escaping () throws(BundleError) -> Void = { () throws(BundleError) in }
    ) throws(BundleError) {
        self.source = source
        self.atEnd = atEnd
        let bytes = try Self.small(source, BundleLayout.catalogue, Catalogue.mostBytes)
        digest = Digest(hashing: bytes)
        var name = try Self.header(source)
        var signature: ByteBuffer?
        if name.name == BundleLayout.signature {
            signature = try Self.body(source, name, BundleLayout.signature, BundleSignature.mostBytes)
            name = try Self.header(source)
        }
        isSigned = signature != nil
        // Before anything is believed of what the catalogue says.
        if !trusted.isEmpty {
            guard let signature else {
                throw BundleError(
                    .untrusted, "the bundle is not signed",
                    remedy: "have it signed with export --sign, or do not use --trust")
            }
            guard try BundleSignature(signature).isValid(for: bytes, by: trusted) else {
                throw BundleError(
                    .untrusted, "the bundle is not signed by a key that is trusted here",
                    remedy: "check who made it, and which key --trust names")
            }
        }
        catalogue = try Catalogue(bytes)
        guard try catalogue.bytes == bytes,
            try Self.body(source, name, BundleLayout.marker, 1024) == BundleLayout.markerText,
            try Self.small(source, BundleLayout.index, Catalogue.mostBytes)
                == LayoutIndex(catalogue, bytes, signature: signature).bytes
        else { throw .damaged("the bundle's catalogue and its index are not of each other") }
    }

    /// Goes on to the next content; nil at the end, which is reached only if everything before was right.
    public func next() throws(BundleError) -> Catalogue.Content? {
        precondition(left == 0, "the content before was neither read nor left out")
        guard number < catalogue.contents.count else {
            if !isAtEnd { try finish() }
            isAtEnd = true
            return nil
        }
        let content = catalogue.contents[number]
        number += 1
        let (name, size) = try Self.header(source)
        guard name == BundleLayout.blob(content.digest), size == content.size else {
            throw .damaged("near \(source.place) the bundle holds something else than its catalogue says")
        }
        hasher = DigestHasher(content.digest.algorithm)
        left = size
        if size == 0 { try close() }
        return content
    }

    /// The next bytes of the content at hand; nil at its end, which is reached only if its digest is right.
    public func read(upTo most: Int) throws(BundleError) -> ByteBuffer? {
        guard left > 0 else { return nil }
        guard let bytes = try source.read(upTo: Int(min(left, Int64(most)))) else { throw Self.short(source) }
        hasher.update(bytes)
        left -= Int64(bytes.readableBytes)
        if left == 0 { try close() }
        return bytes
    }

    /// Leaves out the rest of the content at hand, unseen.
    public func skip() throws(BundleError) {
        guard left > 0 else { return }
        let size = catalogue.contents[number - 1].size
        guard try source.skip(left) == left else { throw Self.short(source) }
        left = 0
        try padding(size)
    }

    private func close() throws(BundleError) {
        let content = catalogue.contents[number - 1]
        guard hasher.digest() == content.digest else {
            throw .damaged("the bytes of \(content.digest), before \(source.place), are not what the digest says")
        }
        try padding(content.size)
    }

    private func padding(_ size: Int64) throws(BundleError) { try Self.padding(source, size) }

    private func finish() throws(BundleError) {
        let end = try Self.take(source, TarHeader.end.readableBytes)
        guard end == TarHeader.end, try source.read(upTo: 1) == nil else {
            throw .damaged("the bundle does not end where its catalogue says, near \(source.place)")
        }
        try atEnd()
    }

    // MARK: Files

    private static func header(_ source: any ByteSource) throws(BundleError) -> (name: String, size: Int64) {
        var header = try take(source, TarHeader.blockSize)
        var bytes = Array(header.readableBytesView)
        var name = String(decoding: bytes[..<100].prefix { $0 != 0 }, as: UTF8.self)
        if TarHeader.isExtended(header) {
            let records = try take(source, TarHeader.blockSize)
            let block = try take(source, TarHeader.blockSize)
            name = TarHeader.name(inRecords: records) ?? name
            bytes = Array(block.readableBytesView)
            header.writeImmutableBuffer(records)
            header.writeImmutableBuffer(block)
        }
        let size: Int64? =
            if bytes[124] == 0x80 {
                bytes[128..<136].reduce(Int64(0)) { $0 << 8 | Int64($1) }
            } else {
                Int64(String(decoding: bytes[124..<135], as: UTF8.self), radix: 8)
            }
        guard let size, size >= 0, TarHeader.make(name, size: size) == header else {
            throw .damaged("the bundle is damaged near \(source.place): a file's header is not as it was written")
        }
        return (name, size)
    }

    private static func small(
        _ source: any ByteSource, _ name: String, _ most: Int
    ) throws(BundleError) -> ByteBuffer {
        try body(source, try header(source), name, most)
    }

    private static func body(
        _ source: any ByteSource, _ header: (name: String, size: Int64), _ name: String, _ most: Int
    ) throws(BundleError) -> ByteBuffer {
        guard header.name == name, header.size <= Int64(most) else {
            throw .damaged("near \(source.place) the bundle has to hold \(name), and does not")
        }
        let bytes = try take(source, Int(header.size))
        try padding(source, header.size)
        return bytes
    }

    private static func padding(_ source: any ByteSource, _ size: Int64) throws(BundleError) {
        let count = TarHeader.padding(size)
        guard try take(source, count).readableBytesView.allSatisfy({ $0 == 0 }) else {
            throw .damaged("the bundle is damaged before \(source.place): there is something between two files")
        }
    }

    private static func take(_ source: any ByteSource, _ count: Int) throws(BundleError) -> ByteBuffer {
        var all = ByteBuffer()
        while all.readableBytes < count {
            guard let bytes = try source.read(upTo: min(count - all.readableBytes, 1 << 20)) else {
                throw short(source)
            }
            all.writeImmutableBuffer(bytes)
        }
        return all
    }

    private static func short(_ source: any ByteSource) -> BundleError {
        BundleError(
            .damaged, "the bundle ends too early, at \(source.place)",
            remedy: "copy it again; if it has several volumes, check that the last one is there")
    }
}
