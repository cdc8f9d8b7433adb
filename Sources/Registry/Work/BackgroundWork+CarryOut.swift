internal import OCI

extension BackgroundWork {
    /// Runs `work` to its end also when whoever asked for it leaves meanwhile: a write of several steps is not left
    /// half done because a client hung up.
    func carryOut<Value: Sendable>(
        _ work: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        let outcome: Result<Value, RegistryError> = await withCheckedContinuation { continuation in
            let isStarted = start {
                do throws(RegistryError) {
                    continuation.resume(returning: .success(try await work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            if !isStarted { continuation.resume(returning: .failure(.overloaded)) }
        }
        return try outcome.get()
    }
}
