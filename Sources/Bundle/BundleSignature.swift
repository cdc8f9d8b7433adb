internal import FoundationEssentials
internal import NIOCore
internal import TextEncodings
internal import Tokens

/// An Ed25519 signature of a catalogue, and with it of everything in the bundle.
struct BundleSignature: Codable {
    /// RFC 7638, of the key.
    var key: String
    /// Base64.
    var signature: String

    /// What stands before the signed bytes, so that a signature made for something else is none of a bundle.
    private static let purpose = Array("entrepot bundle\n".utf8)
    static let mostBytes = 4096

    init(_ catalogue: ByteBuffer, by key: SigningKey) throws(BundleError) {
        do throws(KeyError) {
            self.key = key.publicKey.thumbprint
            signature = Base64.standard.encode(
                try key.signature(for: Self.purpose + Array(catalogue.readableBytesView)))
        } catch {
            throw BundleError(.io, "the bundle cannot be signed", remedy: error.remedy, cause: error)
        }
    }

    init(_ bytes: ByteBuffer) throws(BundleError) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(bytes.readableBytesView)) else {
            throw .damaged("the bundle's signature cannot be read")
        }
        self = read
    }

    var bytes: ByteBuffer {
        get throws(BundleError) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(self) else {
                throw BundleError(.io, "the signature cannot be written as JSON", remedy: "report this")
            }
            return ByteBuffer(bytes: data)
        }
    }

    /// Whether one of `keys` made it for these bytes.
    func isValid(for catalogue: ByteBuffer, by keys: [VerificationKey]) -> Bool {
        guard let bytes = Base64.standard.decode(signature.utf8) else { return false }
        let message = (Self.purpose + Array(catalogue.readableBytesView))[...]
        return keys.contains { $0.algorithm == .edDSA && $0.isValid(bytes, for: message) }
    }
}
