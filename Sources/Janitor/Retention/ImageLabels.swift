import FoundationEssentials
import NIOCore

/// The labels in an image's configuration.
enum ImageLabels {
    /// Bytes.
    static let largestConfiguration = 1 << 20

    private struct Configuration: Decodable {
        struct Inner: Decodable {
            var Labels: [String: String]?
        }

        var config: Inner?
    }

    /// None where it has none, or is something else.
    static func read(_ bytes: ByteBuffer) -> [String: String] {
        let configuration = try? JSONDecoder().decode(Configuration.self, from: Data(bytes.readableBytesView))
        return configuration?.config?.Labels ?? [:]
    }
}
