import FoundationEssentials
import NIOCore
import OCI
import Storage

/// The labels in an image's configuration.
enum ImageLabels {
    /// Bytes.
    private static let largestConfiguration = 1 << 20
    /// Of what is no image, and has no configuration.
    private static let emptyType = "application/vnd.oci.empty.v1+json"

    private struct Configuration: Decodable {
        struct Inner: Decodable {
            var Labels: [String: String]?
        }

        var config: Inner?
    }

    /// - Returns: Nil if it is not there, or too large to be read: then nobody knows which it has.
    static func of(_ configuration: Descriptor, _ store: RegistryStore) async throws -> [String: String]? {
        guard configuration.mediaType.value != emptyType else { return [:] }
        do throws(StorageError) {
            // Whatever its manifest says of its size.
            return try await store.smallBlob(configuration.digest, limit: largestConfiguration).map(read)
        } catch {
            guard error.code == .tooLarge else { throw error }
            return nil
        }
    }

    /// None where it has none, or is something else.
    static func read(_ bytes: ByteBuffer) -> [String: String] {
        let configuration = try? JSONDecoder().decode(Configuration.self, from: Data(bytes.readableBytesView))
        return configuration?.config?.Labels ?? [:]
    }
}
