internal import CurlClient
internal import FoundationEssentials
internal import NIOCore
internal import OCI
internal import Upstream

/// The index that clients keep under a tag where a registry has no list of referrers (distribution specification,
/// "Referrers tag schema"), with all that others may have written into it.
struct ReferrersList: Codable {
    struct Entry: Codable {
        struct Platform: Codable {
            var architecture: String?
            var os: String?
            var variant: String?
        }

        var mediaType: String
        var digest: String
        var size: Int64
        var artifactType: String?
        var annotations: [String: String]?
        var platform: Platform?
    }

    var schemaVersion = 2
    var mediaType: String? = MediaType.imageIndex.value
    var manifests: [Entry] = []
    var annotations: [String: String]?
}

extension RemoteRegistry {
    func hasReferrersTag(_ subject: Digest, in repository: RepositoryName) async throws(UpstreamError) -> Bool {
        do throws(UpstreamError) {
            _ = try await manifest(repository, .tag(Tag(referrersOf: subject)))
            return true
        } catch {
            guard error.kind == .notFound else { throw error }
            return false
        }
    }

    func changeReferrers(
        of subject: Digest, in repository: RepositoryName, _ change: (inout ReferrersList) -> Void
    ) async throws(UpstreamError) {
        let tag = Tag(referrersOf: subject)
        var list = ReferrersList()
        do throws(UpstreamError) {
            let held = try await manifest(repository, .tag(tag))
            guard held.content.kind == .index,
                let found = try? JSONDecoder().decode(ReferrersList.self, from: Data(held.bytes.readableBytesView))
            else { throw client.invalid("has something else than a list of referrers under the tag \(tag)") }
            list = found
        } catch {
            guard error.kind == .notFound else { throw error }
        }
        change(&list)
        list.mediaType = MediaType.imageIndex.value
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(list) else {
            throw client.invalid("has a list of referrers that cannot be written as JSON")
        }
        try await push(manifest: ByteBuffer(bytes: data), .imageIndex, to: repository, tag: tag)
    }
}
