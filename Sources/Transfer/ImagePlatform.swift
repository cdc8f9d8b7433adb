internal import FoundationEssentials
internal import NIOCore
internal import OCI

/// What an image of an index runs on: `linux/amd64`, `linux/arm/v7`.
public struct ImagePlatform: Hashable, Sendable, CustomStringConvertible {
    public let os: String
    public let architecture: String
    /// Nil for any.
    public let variant: String?

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        os = parts[0]
        architecture = parts[1]
        variant = parts.count == 3 ? parts[2] : nil
    }

    public var description: String { [os, architecture, variant].compactMap { $0 }.joined(separator: "/") }

    private struct Index: Decodable {
        struct Entry: Decodable {
            struct Platform: Decodable {
                var os: String?
                var architecture: String?
                var variant: String?
            }

            var digest: String
            var mediaType: String?
            var platform: Platform?
            var annotations: [String: String]?
        }

        var manifests: [Entry]
    }

    /// Of architectures that are told without a variant, which it is.
    private static let variants = ["amd64": "v1", "arm": "v7", "arm64": "v8"]

    private func isMet(by entry: Index.Entry.Platform) -> Bool {
        let usual = Self.variants[architecture]
        return entry.os == os && entry.architecture == architecture
            && (variant == nil || variant ?? usual == entry.variant ?? usual)
    }

    /// The images of an index that run on one of the platforms, with what was attested of them, and indexes of which it does not
    /// tell what they are for.
    ///
    /// - Parameter platforms: None for all.
    static func chosen(_ index: ByteBuffer, _ platforms: [ImagePlatform]) -> Set<Digest>? {
        guard !platforms.isEmpty, let read = try? JSONDecoder().decode(Index.self, from: Data(index.readableBytesView))
        else { return nil }
        var chosen: Set<Digest> = []
        for entry in read.manifests {
            guard let digest = Digest(entry.digest) else { continue }
            if let platform = entry.platform {
                if platforms.contains(where: { $0.isMet(by: platform) }) { chosen.insert(digest) }
            } else if entry.mediaType.flatMap({ MediaType($0) })?.manifestKind == .index {
                chosen.insert(digest)
            }
        }
        // BuildKit puts attestations beside the images that they are of.
        for entry in read.manifests {
            if let of = entry.annotations?["vnd.docker.reference.digest"].flatMap({ Digest($0) }), chosen.contains(of),
                let digest = Digest(entry.digest)
            {
                chosen.insert(digest)
            }
        }
        return chosen
    }
}
