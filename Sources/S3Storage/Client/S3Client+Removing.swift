extension S3Client {
    /// Removes objects with as few requests as the store allows.
    func remove(_ keys: [String]) async throws(S3Error) {
        if keys.count == 1, let key = keys.first { return try await delete(key) }
        do throws(S3Error) {
            try await delete(keys)
        } catch {
            // Google's, among others, can do it only one by one.
            guard error.kind == .unsupported || error.kind == .refused else { throw error }
            for key in keys { try await delete(key) }
        }
    }
}
