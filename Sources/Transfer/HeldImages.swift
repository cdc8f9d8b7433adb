public import OCI
public import Registry
public import Storage

/// The images of a store that patterns mean.
public struct HeldImages: Sendable {
    /// One image that was asked for.
    public struct Image: Hashable, Sendable {
        public let repository: RepositoryName
        /// Nil where it is held by its digest alone.
        public let tag: Tag?
        /// Nil if there is no such tag.
        public let digest: Digest?

        public var name: ImageName { ImageName(repository, tag: tag, digest: tag == nil ? digest : nil) }
    }

    private let store: RegistryStore
    private let namespaces: Namespaces

    /// - Parameter namespaces: Tell which repository a name means.
    public init(_ store: RegistryStore, _ namespaces: Namespaces) {
        self.store = store
        self.namespaces = namespaces
    }

    /// - Returns: The images, in the order of their names and each once, and the patterns that mean none. A tag that is not
    ///   held is among the images if it was asked for by its name.
    public func matching(
        _ patterns: [ImagePattern]
    ) async throws -> (images: [Image], unmatched: [ImagePattern]) {
        var all: Set<Image> = []
        var unmatched: [ImagePattern] = []
        for pattern in patterns {
            var found: Set<Image> = []
            switch pattern {
            case .one(let name):
                let repository = self.repository(name.repository)
                if let digest = name.digest {
                    found.insert(Image(repository: repository, tag: name.tag, digest: digest))
                } else {
                    let tag = name.tag ?? .latest
                    let digest = try await store.tag(tag, in: repository)?.digest
                    found.insert(Image(repository: repository, tag: tag, digest: digest))
                }
            case .tags(let name, let pattern):
                let repository = self.repository(name)
                for image in try await tags(of: repository)
                where image.tag.map({ ImagePattern.matches($0, pattern) }) ?? false { found.insert(image) }
            case .below(let prefix):
                let below = try await store.repositories(below: prefix, limit: .max, budget: .max, { _ in true })
                for repository in below.names {
                    found.formUnion(try await tags(of: repository))
                }
            }
            if found.isEmpty { unmatched.append(pattern) }
            all.formUnion(found)
        }
        return (Self.sorted(all), unmatched)
    }

    /// Every tag of every repository.
    public func all() async throws -> [Image] {
        var found: Set<Image> = []
        for repository in try await store.repositories(limit: .max, budget: .max, { _ in true }).names {
            found.formUnion(try await tags(of: repository))
        }
        return Self.sorted(found)
    }

    private func tags(of repository: RepositoryName) async throws -> [Image] {
        var images: [Image] = []
        for tag in try await store.tags(of: repository, after: nil, limit: .max) {
            guard let digest = try await store.tag(tag, in: repository)?.digest else { continue }
            images.append(Image(repository: repository, tag: tag, digest: digest))
        }
        return images
    }

    /// As the store calls it; a name that no namespace takes is looked for as it stands.
    private func repository(_ name: RepositoryName) -> RepositoryName {
        (try? namespaces.repository(name).name) ?? name
    }

    private static func sorted(_ images: Set<Image>) -> [Image] {
        images.sorted {
            ($0.repository.value, $0.tag?.value ?? "", $0.digest?.description ?? "")
                < ($1.repository.value, $1.tag?.value ?? "", $1.digest?.description ?? "")
        }
    }
}
