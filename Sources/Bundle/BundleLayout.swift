internal import NIOCore
package import OCI

/// What the files of a bundle are called, in their order: an OCI image layout with a catalogue before it.
package enum BundleLayout {
    static let catalogue = "entrepot/catalogue.json"
    static let signature = "entrepot/signature.json"
    static let marker = "oci-layout"
    static let index = "index.json"

    static let markerText = ByteBuffer(string: #"{"imageLayoutVersion":"1.0.0"}"#)

    static func blob(_ digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    /// The digest that a file of an image layout is named after; nil for other files.
    package static func digest(of path: String) -> Digest? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "blobs", let algorithm = Digest.Algorithm(rawValue: String(parts[1])) else {
            return nil
        }
        return Digest(algorithm: algorithm, hex: parts[2])
    }
}
