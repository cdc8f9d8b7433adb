import TestSupport

/// A client program with an empty store of its own.
protocol ContainerClient: Sendable {
    /// Pulls, and returns the digests under which the client recorded the image.
    func pull(_ request: PullRequest) async throws -> String
}
