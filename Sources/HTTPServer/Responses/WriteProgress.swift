import NIOCore

/// Tells a slow client from one that takes nothing. Pure: fed by the sweep with what is still unacknowledged.
struct WriteProgress {
    /// All bytes ever handed to the channel.
    var handed: Int64 = 0
    private var taken: Int64 = 0
    private var since: NIODeadline = .uptimeNanoseconds(0)
    private var isWaiting = false

    /// - Parameters:
    ///   - pending: bytes in the channel and in the kernel that the client has not acknowledged.
    ///   - isBlocked: whether bytes wait in the channel for the client to take others.
    /// - Returns: whether the client has taken nothing for `timeout`.
    mutating func isStalled(pending: Int64, isBlocked: Bool, now: NIODeadline, timeout: TimeAmount) -> Bool {
        let taken = handed - pending
        guard isBlocked, isWaiting, taken <= self.taken else {
            isWaiting = isBlocked
            self.taken = taken
            since = now
            return false
        }
        return now - since >= timeout
    }
}
