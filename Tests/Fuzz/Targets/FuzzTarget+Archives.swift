internal import NIOCore
internal import Transfer

@testable internal import Bundle

extension FuzzTarget {
    /// Archives and lists of images.
    static func readArchive(_ bytes: [UInt8]) throws(FuzzFinding) {
        _ = ImageList(text(bytes)).names
        _ = try? readBundle(bytes)
        guard let plain = try? DecompressedSource.of(PeekedSource(BytesSource(bytes))),
            let entries = try? TarEntries(plain)
        else { return }
        var left = 1 << 20
        while left > 0, let entry = try? entries.next() {
            guard !entry.path.hasPrefix("/"), !entry.path.split(separator: "/").contains("..") else {
                throw FuzzFinding("\(entry.path) leads out of the archive")
            }
            if case .link(let target) = entry.kind, target.hasPrefix("/") || target.split(separator: "/").contains("..")
            {
                throw FuzzFinding("\(target) leads out of the archive")
            }
            left -= 1
            while left > 0, let read = try? entries.read(upTo: 1 << 16) { left -= max(read.readableBytes, 1) }
        }
    }

    private static func readBundle(_ bytes: [UInt8]) throws {
        let reader = try BundleReader(PeekedSource(BytesSource(bytes)), trusted: [])
        _ = reader.catalogue.all.count
    }
}

/// Bytes in memory, as if from a file.
private final class BytesSource: ByteSource {
    private var bytes: ByteBuffer

    init(_ bytes: [UInt8]) { self.bytes = ByteBuffer(bytes: bytes) }

    var place: String { "byte \(bytes.readerIndex)" }

    func read(upTo most: Int) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        return bytes.readSlice(length: min(most, bytes.readableBytes))
    }
}
