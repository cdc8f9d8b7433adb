import OCI

/// What the store holds and who needs it, in memory: contents (blobs, and manifests' bytes), and the repositories' links to
/// them. Pure: filled by a walk, changed by what eviction takes away.
struct Holdings: Sendable {
    /// Whose a repository's content is.
    enum Ownership: Sendable {
        /// Comes from upstreams.
        case cached
        /// Comes from upstreams but for what is marked.
        case mixed
        /// Never evicted.
        case kept
    }

    struct Repository: Sendable {
        let name: RepositoryName
        let ownership: Ownership
        /// Of the namespace.
        let space: Int
    }

    /// A manifest of a repository that is not ``Ownership/kept``.
    struct Manifest: Sendable {
        let repository: Int
        /// Its own bytes.
        let content: Int
        /// Seconds since 1970.
        var lastUse: Int64
        /// It was used again some time after it came.
        var isProven = false
        var tags: [Tag] = []
        var blobs: [Int] = []
        var children: [Int] = []
        var subject: Int?
        /// Pushed or seeded.
        var isKept = false
        var isPinned = false
        var isGone = false
    }

    struct Content: Sendable {
        let digest: PackedDigest
        /// Bytes.
        let size: Int64
        /// Links to it, of manifests and of blobs, in all repositories.
        var claims = 0
        /// Needed by what is not a cache's.
        var isKept = false
    }

    /// A repository's link to a blob.
    struct Grant: Sendable {
        /// Seconds since 1970: when it was made.
        let time: Int64
        /// Manifests of the repository that need it.
        var users = 0
        /// Pushed manifests need it.
        var isKept = false
    }

    struct GrantKey: Hashable, Sendable {
        let repository: Int
        let content: Int
    }

    private(set) var repositories: [Repository] = []
    var manifests: [Manifest] = []
    private(set) var contents: [Content] = []
    /// Repositories with a kept manifest of which is not known what it needs.
    var unknown: Set<Int> = []
    /// Repositories that could not be read to their end: nothing of them is taken away.
    var unread: Set<Int> = []
    private var ids: [SIMD2<UInt64>: Int32] = [:]
    private(set) var grants: [GrantKey: Grant] = [:]
    /// By namespace: how many links it has to each content.
    private var spaces: [[Int: Int]] = []
    /// Bytes that came from upstreams, by namespace.
    private(set) var sizes: [Int64] = []
    /// Bytes that came from upstreams, each counted once.
    private(set) var size: Int64 = 0

    init(spaces count: Int) {
        spaces = Array(repeating: [:], count: count)
        sizes = Array(repeating: 0, count: count)
    }

    // MARK: Filling

    mutating func add(_ repository: Repository) -> Int {
        repositories.append(repository)
        return repositories.count - 1
    }

    func id(of digest: Digest) -> Int? { id(of: PackedDigest(digest).key) }

    func id(of key: SIMD2<UInt64>) -> Int? { ids[key].map(Int.init) }

    /// - Parameter size: Bytes.
    mutating func add(_ digest: Digest, size: Int64) -> Int {
        let packed = PackedDigest(digest)
        if let id = ids[packed.key] { return Int(id) }
        ids[packed.key] = Int32(contents.count)
        contents.append(Content(digest: packed, size: size))
        return contents.count - 1
    }

    /// A link of `repository` to a blob.
    mutating func grant(_ content: Int, to repository: Int, at time: Int64) {
        grants[GrantKey(repository: repository, content: content)] = Grant(time: time)
        claim(content, repository)
    }

    /// A manifest, and its link.
    mutating func add(_ manifest: Manifest) {
        manifests.append(manifest)
        claim(manifest.content, manifest.repository)
    }

    /// A link of a repository that is ``Ownership/kept``.
    mutating func keep(_ content: Int) {
        contents[content].claims += 1
        contents[content].isKept = true
    }

    private mutating func claim(_ content: Int, _ repository: Int) {
        contents[content].claims += 1
        spaces[repositories[repository].space][content, default: 0] += 1
    }

    /// Works out what depends on what, once everything is added.
    mutating func settle() {
        // What an index names may be a blob: only the link tells.
        for index in manifests.indices {
            manifests[index].blobs += manifests[index].children.filter { grants[key(index, $0)] != nil }
        }
        unknown.formUnion(unread)
        for index in manifests.indices where unread.contains(manifests[index].repository) {
            manifests[index].isKept = true
        }
        for index in manifests.indices where manifests[index].isKept { keepParts(of: index) }
        if !unknown.isEmpty {
            for key in Array(grants.keys) where unknown.contains(key.repository) {
                grants[key]?.isKept = true
                contents[key.content].isKept = true
            }
        }
        for index in manifests.indices {
            for blob in manifests[index].blobs { grants[key(index, blob)]?.users += 1 }
        }
        size = contents.reduce(0) { $0 + ($1.claims > 0 && !$1.isKept ? $1.size : 0) }
        for space in spaces.indices {
            sizes[space] = spaces[space].keys.reduce(0) { $0 + (contents[$1].isKept ? 0 : contents[$1].size) }
        }
    }

    private mutating func keepParts(of index: Int) {
        contents[manifests[index].content].isKept = true
        for blob in manifests[index].blobs {
            contents[blob].isKept = true
            grants[key(index, blob)]?.isKept = true
        }
    }

    private func key(_ manifest: Int, _ blob: Int) -> GrantKey {
        GrantKey(repository: manifests[manifest].repository, content: blob)
    }

    // MARK: Taking away

    /// What goes after a link has gone.
    struct Consequences: Sendable, Equatable {
        /// Blobs that the repository needs no more.
        var grants: [Int] = []
        /// Contents to which no link is left.
        var contents: [Int] = []
    }

    /// The manifest is gone.
    mutating func removeManifest(_ index: Int) -> Consequences {
        var consequences = Consequences()
        let manifest = manifests[index]
        manifests[index].isGone = true
        release(manifest.content, manifest.repository, &consequences)
        for blob in manifest.blobs {
            let key = key(index, blob)
            guard var grant = grants[key] else { continue }
            grant.users -= 1
            grants[key] = grant
            guard grant.users <= 0, !grant.isKept else { continue }
            consequences.grants.append(blob)
            removeGrant(key, &consequences)
        }
        return consequences
    }

    /// The link to the blob is gone.
    mutating func removeGrant(_ key: GrantKey) -> Consequences {
        var consequences = Consequences()
        removeGrant(key, &consequences)
        return consequences
    }

    private mutating func removeGrant(_ key: GrantKey, _ consequences: inout Consequences) {
        guard grants.removeValue(forKey: key) != nil else { return }
        release(key.content, key.repository, &consequences)
    }

    private mutating func release(_ content: Int, _ repository: Int, _ consequences: inout Consequences) {
        contents[content].claims -= 1
        let space = repositories[repository].space
        spaces[space][content, default: 1] -= 1
        if spaces[space][content] == 0 {
            spaces[space][content] = nil
            if !contents[content].isKept { sizes[space] -= contents[content].size }
        }
        guard contents[content].claims == 0, !contents[content].isKept else { return }
        size -= contents[content].size
        consequences.contents.append(content)
    }
}
