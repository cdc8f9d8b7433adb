extension Coordination {
    /// Gives a lease back, whether or not the task is cancelled: who left a push or stops the server has work to end, and nobody
    /// is to wait for the life of what he held. Who cannot be told finds out when that is over.
    public func giveBack(_ lease: Lease) async {
        // Awaited: a task of its own only because cancellation does not reach it.
        await Task { try? await release(lease) }.value
    }
}
