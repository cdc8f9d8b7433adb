import NIOConcurrencyHelpers

/// The gates of all upstreams: one for each host and account, however many repositories use it.
public final class UpstreamGates: Sendable {
    public struct Key: Hashable, Sendable {
        let name: String
        let account: String?

        /// - Parameters:
        ///   - name: Of the upstream, host and port.
        ///   - account: The user name; nil for anonymous.
        public init(name: String, account: String?) {
            self.name = name
            self.account = account
        }
    }

    private let timers: Timers
    private let gates = NIOLockedValueBox<[Key: UpstreamGate]>([:])

    public init(timers: Timers = .system) {
        self.timers = timers
    }

    public func gate(_ key: Key) -> UpstreamGate {
        gates.withLockedValue { gates in
            if let gate = gates[key] { return gate }
            let gate = UpstreamGate(name: key.name, account: key.account, timers: timers)
            gates[key] = gate
            return gate
        }
    }

    /// From now on these caps hold and no others. Where several are given for one key, the smaller ones.
    public func adjust(_ caps: [(key: Key, caps: UpstreamCaps)]) {
        let wanted = Dictionary(caps.map { ($0.key, $0.caps) }, uniquingKeysWith: { $0.tightened(by: $1) })
        for key in wanted.keys { _ = gate(key) }
        for (key, gate) in gates.withLockedValue({ $0 }) { gate.adjust(wanted[key] ?? UpstreamCaps()) }
    }
}
