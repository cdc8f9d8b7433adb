internal import FoundationEssentials
internal import NIOCore
public import OCI

extension RegistryStore {
    /// Records that `manifest` names `subject`: one small object for each referrer, so that two at once do not
    /// overwrite each other.
    public func addReferrer(
        _ descriptor: Descriptor, of subject: Digest, in repository: RepositoryName, _ durability: Durability
    ) async throws(StorageError) {
        let key = RegistryLayout.referrer(descriptor.digest, of: subject, in: repository)
        let record = ReferrerRecord(descriptor)
        guard let data = try? JSONEncoder().encode(record) else {
            throw StorageError(.io, "the referrer cannot be written as JSON", key: key)
        }
        try await objects.write(key, ByteBuffer(bytes: data), durability)
    }

    public func removeReferrer(
        _ digest: Digest, of subject: Digest, in repository: RepositoryName
    ) async throws(StorageError) {
        try await objects.delete(RegistryLayout.referrer(digest, of: subject, in: repository))
    }

    /// The manifests known to name `subject`, in the order of their digests.
    ///
    /// - Parameter unreadable: Told of each record that is none, such as one that a power loss cut short; the others are
    ///   returned without it.
    public func referrers(
        of subject: Digest, in repository: RepositoryName, unreadable: (ObjectKey) -> Void
    ) async throws(StorageError) -> [Descriptor] {
        let folder = RegistryLayout.referrers(of: subject, in: repository)
        var found: [Descriptor] = []
        var after: String?
        while true {
            let names = try await objects.list(folder, after: after, limit: 1000)
            for name in names {
                guard let key = folder.child(name), let (bytes, _) = try await objects.read(key, limit: 8 << 20)
                else { continue }
                guard let record = try? JSONDecoder().decode(ReferrerRecord.self, from: Data(bytes.readableBytesView)),
                    let descriptor = record.descriptor
                else {
                    unreadable(key)
                    continue
                }
                found.append(descriptor)
            }
            guard names.count == 1000, let last = names.last else { return found }
            after = last
        }
    }
}

/// A descriptor as JSON: the form in which referrers are kept, and sent in a referrers index.
struct ReferrerRecord: Codable {
    var mediaType: String
    var digest: String
    var size: Int64
    var artifactType: String?
    var annotations: [String: String]?

    init(_ descriptor: Descriptor) {
        mediaType = descriptor.mediaType.value
        digest = descriptor.digest.description
        size = descriptor.size
        artifactType = descriptor.artifactType
        annotations = descriptor.annotations
    }

    var descriptor: Descriptor? {
        guard let digest = Digest(digest), let type = MediaType(mediaType), size >= 0 else { return nil }
        return Descriptor(
            mediaType: type, digest: digest, size: size, artifactType: artifactType, annotations: annotations)
    }
}
