public import Foundation

/// A file of vectors and how its vectors fare.
public struct VectorFile: Sendable {
    public let name: String
    public let vectors: [Vector]

    public init(contentsOf url: URL) throws {
        name = url.lastPathComponent
        vectors = try JSONDecoder().decode([Vector].self, from: Data(contentsOf: url))
    }

    /// The vector files in a folder, in the order of their names.
    public static func urls(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    /// What is wrong with each vector that fails, with its title.
    public func failures() -> [(title: String, reason: String)] {
        vectors.compactMap { vector in vector.failure().map { (vector.title, $0) } }
    }
}
