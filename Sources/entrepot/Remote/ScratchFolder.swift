import FoundationEssentials
import NIOCore

/// A folder of this process alone, for what is on its way; removed afterwards.
enum ScratchFolder {
    /// - Parameter parent: Where it lies; nil for the system's place for such.
    static func with<Value>(in parent: String? = nil, _ body: (String) async throws -> Value) async throws -> Value {
        let folder = (parent ?? FileManager.default.temporaryDirectory.path) + "/entrepot-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }
}
