import Foundation
import Hashing
import NIOCore
import OCI

/// The folder of an OCI image layout, as another tool may have written it.
enum Layout {
    /// - Parameter images: With the annotations of their entries in `index.json`.
    static func write(_ images: [(image: Site.Image, annotations: [String: String])], to folder: String) throws
        -> String
    {
        let blobs = "\(folder)/blobs/sha256"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        var entries: [[String: Any]] = []
        for (image, annotations) in images {
            for text in image.layers + [image.config, image.manifest] {
                try write(text, "\(blobs)/\(Digest(hashing: ByteBuffer(string: text)).hex)")
            }
            entries.append([
                "mediaType": MediaType.imageManifest.value, "digest": "\(image.digest)",
                "size": image.manifest.utf8.count, "annotations": annotations,
            ])
        }
        let index = try JSONSerialization.data(withJSONObject: ["schemaVersion": 2, "manifests": entries])
        try write(String(decoding: index, as: UTF8.self), "\(folder)/index.json")
        try write(#"{"imageLayoutVersion":"1.0.0"}"#, "\(folder)/oci-layout")
        return folder
    }

    private static func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
