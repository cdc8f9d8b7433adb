extension S3Client {
    /// Removes objects with as few requests as the store allows.
    func remove(_ keys: [String]) async throws(S3Error) {
        var rest = keys[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(Self.mostRemoved))
            rest = rest.dropFirst(some.count)
            try await removeTogether(some)
        }
    }

    private func removeTogether(_ keys: [String]) async throws(S3Error) {
        if keys.count == 1, let key = keys.first { return try await delete(key) }
        do throws(S3Error) {
            try await delete(keys)
        } catch {
            // Google's, among others, can do it only one by one; and what failed for a single key may pass.
            guard error.kind == .unsupported || error.kind == .refused || error.isOfOneKey else { throw error }
            for key in keys { try await delete(key) }
        }
    }
}

extension S3Error {
    /// Reported within an answer that speaks of several.
    fileprivate var isOfOneKey: Bool { kind == .unavailable && status == 0 && !code.isEmpty }
}
