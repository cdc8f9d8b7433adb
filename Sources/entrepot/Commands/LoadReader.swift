import Console

/// Looks at a running server through its admin API.
struct LoadReader: Sendable {
    private let client: AdminClient
    private let start = ContinuousClock.now

    init(_ client: AdminClient) {
        self.client = client
    }

    func read() async throws(AdminClientError) -> LoadSample {
        let status = try await client.body("/_entrepot/status")
        let fills = try await client.body("/_entrepot/fills")
        let upstreams = try await client.body("/_entrepot/upstreams")
        let slowest = try await client.body("/_entrepot/slowest")
        let metrics = try await client.body("/metrics")
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        do {
            return try LoadSample(
                time: Double(seconds) + Double(attoseconds) / 1e18, status: status, fills: fills, upstreams: upstreams,
                slowest: slowest, metrics: metrics)
        } catch {
            throw AdminClientError(description: "the server answers what is not understood: \(error)")
        }
    }
}
