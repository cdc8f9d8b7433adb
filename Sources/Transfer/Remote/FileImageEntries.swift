internal import FoundationEssentials
public import Bundle
public import NIOCore
internal import NIOConcurrencyHelpers
internal import Hashing
internal import OCI

/// A file as an archive of the image that holds it. Blocks: for threads that may.
public final class FileImageEntries: ArchiveEntries {
    private enum Content: Sendable {
        case bytes(ByteBuffer)
        case file(OpenedFile)

        var size: Int64 {
            switch self {
            case .bytes(let bytes): Int64(bytes.readableBytes)
            case .file(let file): file.size
            }
        }
    }

    private struct State {
        var left: [(path: String, content: Content)]
        var current: Content?
        var position: Int64 = 0
    }

    private let state: NIOLockedValueBox<State>

    private struct Index: Encodable {
        struct Entry: Encodable {
            var mediaType = MediaType.imageManifest.value
            var digest: String
            var size: Int
        }

        var schemaVersion = 2
        var manifests: [Entry]
    }

    /// - Parameters:
    ///   - title: What the file is called in the image.
    ///   - layer: Where the layer is written to; needed as long as this lives.
    public init(_ path: String, named title: String, through layer: String) throws {
        let written = try FileLayer.write(path, named: title, to: layer)
        let file = try OpenedFile(layer)
        let image = try FileImage.wrapping(written, in: file, named: title)
        let index = try JSONEncoder().encode(
            Index(manifests: [.init(digest: image.digest.description, size: image.manifest.readableBytes)]))
        state = NIOLockedValueBox(
            State(left: [
                ("blobs/sha256/\(Digest(hashing: image.config).hex)", .bytes(image.config)),
                ("blobs/sha256/\(written.digest.hex)", .file(file)),
                ("blobs/sha256/\(image.digest.hex)", .bytes(image.manifest)),
                ("oci-layout", .bytes(ByteBuffer(string: #"{"imageLayoutVersion":"1.0.0"}"#))),
                ("index.json", .bytes(ByteBuffer(bytes: index))),
            ]))
    }

    public func next() throws(BundleError) -> ArchiveEntry? {
        state.withLockedValue { state in
            state.position = 0
            guard !state.left.isEmpty else {
                state.current = nil
                return nil
            }
            let (path, content) = state.left.removeFirst()
            state.current = content
            return ArchiveEntry(path: path, kind: .file(size: content.size))
        }
    }

    public func read(upTo most: Int) throws(BundleError) -> ByteBuffer? {
        let (content, start) = state.withLockedValue { ($0.current, $0.position) }
        guard let content, start < content.size else { return nil }
        let count = Int(min(content.size - start, Int64(most)))
        state.withLockedValue { $0.position += Int64(count) }
        switch content {
        case .bytes(let bytes): return bytes.getSlice(at: bytes.readerIndex + Int(start), length: count)
        case .file(let file): return try file.bytes(at: start, count: count)
        }
    }
}
