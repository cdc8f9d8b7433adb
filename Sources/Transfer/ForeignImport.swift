internal import Bundle
internal import FoundationEssentials
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
internal import Threads

/// Takes in what another tool wrote: an OCI image layout, as a tar file or a folder, or what `docker save` and
/// `podman save` write.
struct ForeignImport {
    let importer: Importer
    let naming: ImportNaming

    /// Files that tell of others; no larger ones are read into memory.
    private static let told: Set<String> = ["index.json", "oci-layout", "manifest.json", "repositories"]
    private static let mostToldBytes: Int64 = 16 << 20

    func run(_ entries: any ArchiveEntries) async throws -> ImportReport {
        var files = ArchiveFiles()
        var report = ImportReport()
        while let entry = try await importer.pool.run({ try entries.next() }) {
            switch entry.kind {
            case .link(let target): files.links[entry.path] = target
            case .file(let size) where Self.told.contains(entry.path):
                guard size <= Self.mostToldBytes else {
                    throw BundleError(
                        .refused, "\(entry.path) is larger than \(Self.mostToldBytes) bytes",
                        remedy: "make several archives of it")
                }
                files.told[entry.path] = try await text(entries)
            case .file(let size):
                try importer.checkSize(size)
                let digest = BundleLayout.digest(of: entry.path)
                if let digest, try await importer.intake.holds(digest, size: size) {
                    files.contents[entry.path] = .init(digest: digest, size: size, head: nil)
                    report.held += 1
                    continue
                }
                let taken = try await importer.intake.take(
                    digest, from: { try entries.read(upTo: 1 << 20) }, progress: importer.progress)
                files.contents[entry.path] = .init(digest: taken.digest, size: size, head: taken.head)
                report.contents += 1
                report.bytes += size
            }
        }
        let images = try await ForeignImages(files, importer.linking, naming).read()
        for repository in images.repositories { _ = try importer.linking.repository(repository.name) }
        try await importer.link(images.repositories, made: images.made, &report)
        return report
    }

    private func text(_ entries: any ArchiveEntries) async throws -> ByteBuffer {
        try await importer.pool.run {
            var whole = ByteBuffer()
            while let piece = try entries.read(upTo: 1 << 20) { whole.writeImmutableBuffer(piece) }
            return whole
        }
    }
}
