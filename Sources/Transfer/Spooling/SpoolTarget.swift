/// Where a spooler's images go.
public protocol SpoolTarget: Sendable {
    /// - Parameter path: Of an archive of images, or of any file, which becomes an image of one layer.
    /// - Returns: What was pushed, for the report.
    func push(_ path: String, as name: ImageName) async throws -> [String]

    /// - Returns: What was deleted, for the report.
    func delete(_ name: ImageName) async throws -> [String]
}
