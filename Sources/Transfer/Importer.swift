public import Bundle
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import OCI
public import Registry
public import Storage
public import Threads

/// Takes the images of a bundle, or of an archive that another tool made, into a store. Nothing is visible before
/// everything has arrived and was found right. What has arrived stays when it breaks off, so that the next try goes on.
public struct Importer: Sendable {
    let store: RegistryStore
    let linking: ImageLinking
    let intake: ContentIntake
    let pool: ThreadPool
    /// Bytes of one content.
    let mostBytes: Int64
    let progress: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - namespaces: Tell which repository a name means.
    ///   - folder: Below it contents are put together; on the store's file system, where that is one.
    ///   - mostBytes: Of one content.
    ///   - progress: Told how many bytes came since it was told last.
    /// - Throws: If `folder` cannot be used.
    public init(
        _ store: RegistryStore, _ namespaces: Namespaces, through folder: String, mostBytes: Int64 = .max,
        pool: ThreadPool = .shared, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws(StorageError) {
        self.store = store
        self.pool = pool
        self.mostBytes = mostBytes
        self.progress = progress
        linking = ImageLinking(store: store, namespaces: namespaces)
        intake = ContentIntake(store: store, folder: try ProcessFolder(below: folder), pool: pool)
    }

    /// - Throws: ``BundleError`` for what is wrong with the archive, `StorageError` for what the store does.
    public func run(_ archive: Archive, _ naming: ImportNaming = ImportNaming()) async throws -> ImportReport {
        try await StoreVisit.during(store) {
            switch archive {
            case .bundle(let reader): try await self.run(reader, naming)
            case .entries(let entries): try await ForeignImport(importer: self, naming: naming).run(entries)
            }
        }
    }

    private func run(_ reader: BundleReader, _ naming: ImportNaming) async throws -> ImportReport {
        let catalogue = reader.catalogue
        let check = try CatalogueCheck(catalogue)
        let repositories = try naming.renamed(catalogue.repositories)
        for repository in repositories { _ = try linking.repository(repository.name) }
        try await checkBase(catalogue)
        var report = ImportReport()
        while let content = try await pool.run({ try reader.next() }) {
            if try await intake.holds(content.digest, size: content.size) {
                try await pool.run { try reader.skip() }
                report.held += 1
                continue
            }
            try checkSize(content.size)
            _ = try await intake.take(
                content.digest, from: { try reader.read(upTo: 1 << 20) }, progress: progress)
            report.contents += 1
            report.bytes += content.size
        }
        for digest in Set(catalogue.repositories.flatMap { $0.manifests.map(\.content.digest) }) {
            try check.check(digest, try await linking.bytes(of: digest))
        }
        try await link(repositories, &report)
        return report
    }

    func link(
        _ repositories: [Catalogue.Repository], made: [Digest: ByteBuffer] = [:], _ report: inout ImportReport
    ) async throws {
        for repository in repositories {
            try await linking.link(repository, made: made)
            let name = try linking.repository(repository.name).name
            report.images += repository.tags.keys.sorted().map { ImageName(name, tag: $0) }
        }
    }

    func checkSize(_ size: Int64) throws(BundleError) {
        guard size <= mostBytes else {
            throw BundleError(
                .refused, "a content of \(size) bytes is larger than the \(mostBytes) allowed here",
                remedy: "raise server.max_blob_size if it is meant")
        }
    }

    private func checkBase(_ catalogue: Catalogue) async throws {
        var missing: [Digest] = []
        for content in catalogue.needed where try await !intake.holds(content.digest, size: content.size) {
            missing.append(content.digest)
        }
        guard let first = missing.first else { return }
        let base = catalogue.base.map { "import the bundle whose catalogue is \($0)" } ?? "import what it builds upon"
        throw BundleError(
            .baseMissing,
            "the bundle is a delta, and \(missing.count) of the \(catalogue.needed.count) contents that it builds upon "
                + "are not here, \(first) among them",
            remedy: "\(base) first, or have one made without --since and --have")
    }
}
