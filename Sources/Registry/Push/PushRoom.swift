internal import OCI
internal import Storage

/// Room for what is pushed to a disk that is full of what can be fetched again.
struct PushRoom: Sendable {
    /// Nil where nothing that could go makes any: what leaves this disk makes none in a bucket.
    var maker: RoomMaker?

    /// Does what a push asks for, and once more where the disk was full and cached content could give way to it. To be called
    /// with no lock that a removal would wait for.
    ///
    /// - Parameter bytes: How much it will take.
    func making<Value>(
        _ bytes: Int64, for push: () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        do throws(RegistryError) {
            return try await push()
        } catch {
            guard (error.cause as? StorageError)?.code == .noSpace, await maker?(bytes) == true else { throw error }
            let first = error
            // What was half done may look otherwise the second time: it was for want of room all the same.
            do throws(RegistryError) { return try await push() } catch { throw first }
        }
    }
}
