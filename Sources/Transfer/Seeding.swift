internal import NIOCore
public import OCI
public import Registry
internal import Storage

/// Fetches whole images into a store ahead of time: manifests, configurations, layers, and what refers to them.
public struct Seeding: Sendable {
    public struct Settings: Sendable {
        /// Which images of an index; none for all.
        public var platforms: [ImagePlatform] = []
        /// Signatures, attestations and whatever else refers to an image.
        public var takesReferrers = true
        /// Of the tags that a pattern means, so many of the highest versions; nil for all.
        public var newest: Int?
        /// Images at a time.
        public var jobs = 4
        /// How long upstreams that want to be left alone are waited for, in seconds for each image.
        public var patience: Int64 = 6 * 3600

        public init() {}
    }

    /// What became of one image.
    public struct Outcome: Sendable {
        public let name: ImageName
        public let result: Result<Fetched, RegistryError>
    }

    public struct Fetched: Sendable, Equatable {
        public let digest: Digest
        /// Blobs that had to be fetched, and their bytes.
        public var blobs = 0
        public var bytes: Int64 = 0
        public var manifests = 0

        init(_ digest: Digest) {
            self.digest = digest
        }
    }

    let registry: Registry
    let settings: Settings
    /// Blobs of one image at a time.
    static let mostBlobs = 4
    private let sleep: @Sendable (Int64) async throws -> Void
    private let wait: @Sendable (ImageName, Int64, RegistryError) -> Void
    private let planned: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - sleep: Waits so many seconds.
    ///   - wait: Told when an upstream wants to be left alone, for how many seconds, and what it said.
    ///   - planned: Told how many images there are, once that is known.
    public init(
        _ registry: Registry, _ settings: Settings,
        sleep: @escaping @Sendable (Int64) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
        wait: @escaping @Sendable (ImageName, Int64, RegistryError) -> Void = { _, _, _ in },
        planned: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.registry = registry
        self.settings = settings
        self.sleep = sleep
        self.wait = wait
        self.planned = planned
    }

    /// - Parameter report: Told of each image as it is done, in no order.
    public func run(
        _ patterns: [ImagePattern], _ namespaces: Namespaces, report: @escaping @Sendable (Outcome) -> Void
    ) async throws {
        var names: [ImageName] = []
        for pattern in patterns {
            do throws(RegistryError) {
                names += try await self.names(pattern, namespaces)
            } catch {
                let name = if case .one(let name) = pattern { name } else { ImageName(pattern.repository) }
                report(Outcome(name: name, result: .failure(error)))
            }
        }
        planned(Set(names).count)
        var seen: Set<ImageName> = []
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for name in names where seen.insert(name).inserted {
                if running >= settings.jobs {
                    await group.next()
                    running -= 1
                }
                group.addTask {
                    do throws(RegistryError) {
                        let repository = try namespaces.repository(name.repository)
                        report(Outcome(name: name, result: .success(try await seed(name, repository))))
                    } catch {
                        report(Outcome(name: name, result: .failure(error)))
                    }
                }
                running += 1
            }
        }
        try Task.checkCancellation()
    }

    private func names(_ pattern: ImagePattern, _ namespaces: Namespaces) async throws(RegistryError) -> [ImageName] {
        switch pattern {
        case .one(let name): return [name]
        case .below(let name):
            throw RegistryError(
                .nameInvalid, "no upstream tells what there is below \(name)/; name its repositories")
        case .tags(let name, let pattern):
            let repository = try namespaces.repository(name)
            let image = ImageName(name)
            let tags = try await patiently(image) { () async throws(RegistryError) in
                try await registry.tags(repository, after: nil, limit: nil).content.tags
            }.filter { ImagePattern.matches($0, pattern) }
            guard !tags.isEmpty else {
                throw RegistryError(.manifestUnknown, "\(name) has no tag that is \(pattern)")
            }
            guard let newest = settings.newest else { return tags.map { ImageName(name, tag: $0) } }
            let versions = tags.compactMap { tag in TagVersion(tag).map { (tag, $0) } }
            return versions.sorted { $0.1 > $1.1 }.prefix(newest).map { ImageName(name, tag: $0.0) }
        }
    }

    private func seed(_ name: ImageName, _ repository: Repository) async throws(RegistryError) -> Fetched {
        var walk = SeedWalk(seeding: self, name: name, repository: repository)
        return try await walk.run()
    }

    /// Asks again when an upstream has said that it will answer later, and a few times when it failed.
    func patiently<Value>(
        _ name: ImageName, _ ask: () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        var left = settings.patience
        var failures = 0
        while true {
            do throws(RegistryError) {
                return try await ask()
            } catch {
                var pause: Int64
                if let after = error.retryAfter, error.status == 429 || error.status == 503 {
                    pause = min(max(Int64(after), 1), 3600)
                } else if error.status == 502 || error.status == 504, failures < 3 {
                    failures += 1
                    pause = 1 << (2 * failures)
                } else {
                    throw error
                }
                guard pause <= left, !Task.isCancelled else { throw error }
                left -= pause
                wait(name, pause, error)
                do { try await sleep(pause) } catch { throw RegistryError(.unavailable, "it was cancelled") }
            }
        }
    }
}
