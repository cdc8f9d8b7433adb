public import Coordination

/// One replica at a time asks for a thing; those that want the same meanwhile take what comes of it.
public struct SharedFlights: Sendable {
    /// What came of a flight, as the others are told.
    public typealias Report = [UInt8]

    /// For so long others may find out what came of it. Whoever finds out later asks again.
    private static let reportLife: Duration = .seconds(10)

    private let replica: Replica
    private let space: CoordinationKey.Space
    private let patience: Duration

    /// - Parameter patience: How long others are waited for.
    public init(_ replica: Replica, _ space: CoordinationKey.Space, patience: Duration = .seconds(60)) {
        self.replica = replica
        self.space = space
        self.patience = patience
    }

    /// The value that `work` gives, here or in another replica.
    ///
    /// - Parameters:
    ///   - work: Does it.
    ///   - report: What others are to be told; nil for what is of no use to them.
    ///   - take: What another replica's report means here; nil if it means nothing, and the work is to be done.
    public func value<Value: Sendable, Failure: Error>(
        _ name: String, _ work: () async throws(Failure) -> Value, report: (Result<Value, Failure>) -> Report?,
        take: (Report) async -> Result<Value, Failure>?
    ) async throws(Failure) -> Value {
        guard replica.leases.isConfigured else { return try await work() }
        let key = CoordinationKey(space, name)
        let flight = LeaseOwner()
        let end = replica.clock.now() + patience
        var pause = Duration.milliseconds(5)
        // Whose work was waited for.
        var other: String?
        while replica.clock.now() < end, !Task.isCancelled {
            let life = replica.leases.life
            let asked = replica.clock.now()
            let answer = try? await replica.leases.acquire(
                key, owner: flight, note: Array(flight.description.utf8), life: life)
            switch answer {
            case nil: return try await work()
            case .granted(let lease):
                // It may have ended since it was last looked at.
                if let other, let told = await told(key, other), let result = await take(told) {
                    try? await replica.leases.release(lease)
                    return try result.get()
                }
                let watch = LeaseWatch(clock: replica.clock, life: life, from: asked)
                return try await fly(lease, watch, flight, work, report)
            case .taken(let note, let left):
                guard let name = String(validating: note, as: UTF8.self), (1...64).contains(name.utf8.count) else {
                    return try await work()
                }
                other = name
                await replica.clock.sleep(min(pause, left) * Double.random(in: 0.5...1.5))
                pause = min(pause * 2, .milliseconds(100))
                if let told = await told(key, name) {
                    guard let result = await take(told) else { return try await work() }
                    return try result.get()
                }
            }
        }
        return try await work()
    }

    private func fly<Value: Sendable, Failure: Error>(
        _ lease: Lease, _ watch: LeaseWatch, _ flight: LeaseOwner, _ work: () async throws(Failure) -> Value,
        _ report: (Result<Value, Failure>) -> Report?
    ) async throws(Failure) -> Value {
        let result = await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await watch.keep(lease, replica.leases) }
            let result: Result<Value, Failure>
            do throws(Failure) { result = .success(try await work()) } catch { result = .failure(error) }
            tasks.cancelAll()
            return result
        }
        if let report = report(result), !report.isEmpty, report.count <= CoordinationLimits.maxValue {
            let name = Self.report(lease.key, flight.description)
            _ = try? await replica.leases.store(report, name, life: Self.reportLife, .always)
        }
        await replica.leases.giveBack(lease)
        return try result.get()
    }

    private func told(_ key: CoordinationKey, _ flight: String) async -> Report? {
        (try? await replica.leases.value(Self.report(key, flight))) ?? nil
    }

    private static func report(_ key: CoordinationKey, _ flight: String) -> CoordinationKey {
        CoordinationKey(key.space, "\(flight) \(key.name)")
    }
}
