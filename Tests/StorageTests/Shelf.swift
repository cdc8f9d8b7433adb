import FileStorage
import Hashing
import NIOCore
import OCI
import Storage
import TestSupport
import Testing
import Threads

/// The layout over each of the stores that are at hand without a server.
enum Shelf: CaseIterable {
    case memory, files

    /// Runs `body` with an empty store.
    func open(_ body: (RegistryStore, any ObjectStore) async throws -> Void) async throws {
        switch self {
        case .memory:
            let objects = MemoryStore()
            try await body(RegistryStore(objects: objects), objects)
        case .files:
            let folder = try TemporaryDirectory()
            try FileStore.prepare(root: folder.path)
            let objects = FileStore(root: folder.path, pool: .shared)
            try await body(RegistryStore(objects: objects), objects)
        }
    }
}

/// Content and names of these tests.
enum Goods {
    static func repository(_ name: String = "team/app") throws -> RepositoryName {
        try #require(RepositoryName(name))
    }

    static func tag(_ text: String) throws -> OCI.Tag {
        let tag = OCI.Tag(text)
        return try #require(tag)
    }

    static func digest(_ text: String) -> Digest { Digest(hashing: ByteBuffer(string: text)) }

    static func manifest(_ text: String = "{}", _ type: MediaType = .imageManifest) -> StoredManifest {
        StoredManifest(digest: digest(text), mediaType: type, bytes: ByteBuffer(string: text))
    }

    /// Stores bytes as a push does, and gives their digest.
    static func push(_ text: String, _ store: RegistryStore, to repository: RepositoryName) async throws -> Digest {
        let id = UploadID()
        try await store.beginUpload(id, in: repository, at: 0, checkpoint: nil)
        try await store.append(ByteBuffer(string: text), to: id, in: repository, at: 0)
        let digest = digest(text)
        try await store.completeUpload(
            id, in: repository, as: digest, of: try await store.grown(id, in: repository, Int64(text.utf8.count)),
            .durable)
        return digest
    }
}
