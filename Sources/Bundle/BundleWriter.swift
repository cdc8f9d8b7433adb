public import NIOCore
internal import OCI
public import Tokens

/// Writes a bundle: what its catalogue says, in that order. The same content is always the same bytes. Blocks: for threads
/// that may.
///
/// `@unchecked Sendable`: one writer of one bundle uses it, one call at a time.
public final class BundleWriter: @unchecked Sendable {
    /// Where it goes.
    public enum Target: Sendable {
        /// - Parameter volumeSize: Bytes; nil for one file.
        case file(String, volumeSize: Int64?)
        case descriptor(CInt)
    }

    private let sink: any ByteSink
    private let contents: [Catalogue.Content]
    private var number = 0
    private var left: Int64 = 0

    /// - Parameters:
    ///   - compression: A level of zstd; nil for none, as layers are compressed as a rule.
    ///   - key: Ed25519; nil for no signature.
    public init(
        _ target: Target, _ catalogue: Catalogue, compression: Int? = nil, signedBy key: SigningKey? = nil
    ) throws(BundleError) {
        let plain: any ByteSink =
            switch target {
            case .file(let path, let size): try VolumeSink(path, volumeSize: size)
            case .descriptor(let descriptor): PipeSink(descriptor: descriptor)
            }
        sink = if let compression { try CompressingSink(plain, .zstd(level: compression)) } else { plain }
        contents = catalogue.contents
        let bytes = try catalogue.bytes
        try Self.file(sink, BundleLayout.catalogue, bytes)
        let signature = try key.map { (key) throws(BundleError) in try BundleSignature(bytes, by: key).bytes }
        if let signature { try Self.file(sink, BundleLayout.signature, signature) }
        try Self.file(sink, BundleLayout.marker, BundleLayout.markerText)
        try Self.file(sink, BundleLayout.index, LayoutIndex(catalogue, bytes, signature: signature).bytes)
    }

    /// Begins the next content of the catalogue.
    public func begin(_ content: Catalogue.Content) throws(BundleError) {
        precondition(contents[number] == content, "contents go into a bundle in the catalogue's order")
        guard left == 0 else { throw wrongSize }
        number += 1
        left = content.size
        try sink.write(TarHeader.make(BundleLayout.blob(content.digest), size: content.size))
    }

    public func write(_ bytes: ByteBuffer) throws(BundleError) {
        left -= Int64(bytes.readableBytes)
        guard left >= 0 else { throw wrongSize }
        try sink.write(bytes)
        if left == 0 { try Self.padding(sink, contents[number - 1].size) }
    }

    public func finish() throws(BundleError) {
        precondition(number == contents.count, "a bundle holds all that its catalogue says")
        guard left == 0 else { throw wrongSize }
        try sink.write(TarHeader.end)
        try sink.finish()
    }

    /// There will be no bundle: takes away what was written of it.
    public func abandon() { sink.abandon() }

    private var wrongSize: BundleError {
        BundleError(
            .io, "\(contents[number - 1].digest) has another size than was found before", remedy: "begin again")
    }

    private static func file(_ sink: any ByteSink, _ name: String, _ bytes: ByteBuffer) throws(BundleError) {
        try sink.write(TarHeader.make(name, size: Int64(bytes.readableBytes)))
        try sink.write(bytes)
        try padding(sink, Int64(bytes.readableBytes))
    }

    private static func padding(_ sink: any ByteSink, _ size: Int64) throws(BundleError) {
        try sink.write(ByteBuffer(repeating: 0, count: TarHeader.padding(size)))
    }
}
