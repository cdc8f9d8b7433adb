internal import NIOCore
internal import OCI
internal import Registry
internal import Storage

/// One image on its way into a store, with everything that it needs.
struct SeedWalk {
    let seeding: Seeding
    let name: ImageName
    let repository: Repository
    /// How many manifests lie within each other, from each that was visited; 0 where none of them is wanted.
    private var heights: [Digest: Int] = [:]

    init(seeding: Seeding, name: ImageName, repository: Repository) {
        self.seeding = seeding
        self.name = name
        self.repository = repository
    }

    mutating func run() async throws(RegistryError) -> Seeding.Fetched {
        let manifest = try await manifest(name.reference)
        var fetched = Seeding.Fetched(manifest.digest)
        guard try await visit(manifest, &fetched, depth: 0) > 0 else {
            throw RegistryError(
                .manifestUnknown,
                "\(name) has no image for \(seeding.settings.platforms.map(\.description).joined(separator: ", "))")
        }
        if seeding.settings.takesReferrers { try await visitCompanions(&fetched) }
        return fetched
    }

    /// What tools that are older than referrers keep under tags made of a digest: cosign's signatures and attestations.
    private mutating func visitCompanions(_ fetched: inout Seeding.Fetched) async throws(RegistryError) {
        // Who cannot list tags has none that could be found.
        guard let tags = try? await seeding.registry.tags(repository, after: "sha256-", limit: nil).content.tags else {
            return
        }
        let marks = Set(heights.filter { $0.value > 0 }.map { Tag(referrersOf: $0.key).value })
        for tag in tags.prefix(while: { $0.value.hasPrefix("sha256-") })
        where marks.contains(String(tag.value.prefix { $0 != "." })) {
            _ = try await visit(try await manifest(.tag(tag)), &fetched, depth: 1)
        }
    }

    private func manifest(_ reference: Reference) async throws(RegistryError) -> StoredManifest {
        try await seeding.patiently(name) { () async throws(RegistryError) in
            try await seeding.registry.seedManifest(repository, reference)
        }
    }

    /// - Returns: How many manifests lie within each other from here on; 0 if none of them is wanted.
    private mutating func visit(
        _ manifest: StoredManifest, _ fetched: inout Seeding.Fetched, depth: Int
    ) async throws(RegistryError) -> Int {
        let known = heights[manifest.digest]
        guard depth + (known ?? 1) <= ImageGraph.mostHeight else {
            throw RegistryError(
                .manifestInvalid, "\(manifest.digest) lies within more than \(ImageGraph.mostHeight - 1) others")
        }
        if let known { return known }
        heights[manifest.digest] = 0
        let content: Manifest
        do throws(ManifestError) {
            content = try Manifest.relayed(manifest.bytes.readableBytesView, besides: manifest.mediaType)
        } catch {
            throw RegistryError(.manifestInvalid, "\(manifest.digest) is no manifest", cause: error)
        }
        try await fetch(content.blobs, &fetched)
        let chosen = ImagePlatform.chosen(manifest.bytes, seeding.settings.platforms)
        let images = content.images
        // The cache of BuildKit has nothing but blobs there.
        let blobs = content.blobsOfIndex.filter { images.isEmpty || chosen?.contains($0.digest) ?? true }
        try await fetch(blobs, &fetched)
        var highest = 0
        for child in images where chosen?.contains(child.digest) ?? true {
            let height = try await visit(
                try await self.manifest(.digest(child.digest)), &fetched, depth: depth + 1)
            highest = max(highest, height)
        }
        guard highest > 0 || images.isEmpty else { return 0 }
        fetched.manifests += 1
        heights[manifest.digest] = highest + 1
        guard seeding.settings.takesReferrers else { return highest + 1 }
        for digest in try await referrers(of: manifest.digest) {
            _ = try await visit(try await self.manifest(.digest(digest)), &fetched, depth: depth + 1)
        }
        return highest + 1
    }

    private func referrers(of digest: Digest) async throws(RegistryError) -> [Digest] {
        try await seeding.patiently(name) { () async throws(RegistryError) in
            try await seeding.registry.referrers(repository, digest, artifactType: nil).content.map(\.digest)
        }
    }

    private func fetch(_ blobs: [Descriptor], _ fetched: inout Seeding.Fetched) async throws(RegistryError) {
        var seen: Set<Digest> = []
        let wanted = blobs.filter { seen.insert($0.digest).inserted }
        var failure: RegistryError?
        await withTaskGroup(of: Result<Descriptor?, RegistryError>.self) { group in
            var next = wanted.makeIterator()
            func begin() {
                guard let blob = next.next() else { return }
                group.addTask {
                    do throws(RegistryError) {
                        let isFetched = try await seeding.patiently(name) { () async throws(RegistryError) in
                            try await seeding.registry.seed(blob, repository)
                        }
                        return .success(isFetched ? blob : nil)
                    } catch {
                        return .failure(error)
                    }
                }
            }
            for _ in 0..<Seeding.mostBlobs { begin() }
            for await result in group {
                switch result {
                case .success(let blob?):
                    fetched.blobs += 1
                    fetched.bytes += blob.size
                case .success(nil): break
                case .failure(let error): failure = failure ?? error
                }
                if failure == nil { begin() }
            }
        }
        if let failure { throw failure }
    }
}
