internal import NIOConcurrencyHelpers
internal import NIOCore

/// Whether the server should get new work: said by `/readyz`, taken back first when it shuts down.
///
/// Strangers are told one word on how it is and whether the configuration in force is the one in the files; operators, what
/// was found. A server with an old configuration is ready.
public final class Readiness: Sendable {
    private struct State {
        var isWithdrawn = false
        var isStarted = false
        var report: ReloadReport?
        /// Nil where there is one replica.
        var coordination: CoordinationReport?
        var checks: @Sendable () -> [HealthCheck] = { [] }
    }

    private let state = NIOLockedValueBox(State())

    public init() {}

    public var isReady: Bool { isReady(checks) }

    /// Whether the registry has ever been reachable: said by `/startupz`.
    public var isStarted: Bool { state.withLockedValue { $0.isStarted } }

    public func start() { state.withLockedValue { $0.isStarted = true } }

    public func withdraw() { state.withLockedValue { $0.isWithdrawn = true } }

    public func tell(_ report: ReloadReport) { state.withLockedValue { $0.report = report } }

    /// How what replicas share is. A server that is cut off from it serves all the same, and is ready.
    public func tell(_ report: CoordinationReport?) { state.withLockedValue { $0.coordination = report } }

    /// From now on asks `checks`, which neither waits nor costs much, since anybody may have it asked.
    public func look(_ checks: @escaping @Sendable () -> [HealthCheck]) {
        state.withLockedValue { $0.checks = checks }
    }

    /// What is found now, the configuration included.
    public var checks: [HealthCheck] {
        let (report, look) = state.withLockedValue { ($0.report, $0.checks) }
        return look() + [Self.configuration(report)]
    }

    private func isReady(_ checks: [HealthCheck]) -> Bool {
        !state.withLockedValue { $0.isWithdrawn } && !checks.contains { $0.status == .failing }
    }

    private static func configuration(_ report: ReloadReport?) -> HealthCheck {
        guard let report else { return HealthCheck("configuration", .ok, "in force since the start") }
        guard report.outcome == .applied else {
            return HealthCheck(
                "configuration", .degraded,
                "the files have been refused (\(report.time)) and the configuration before is in force: "
                    + report.problems.joined(separator: "; "))
        }
        return HealthCheck("configuration", .ok, "in force since \(report.time)")
    }

    /// The body of `/readyz`.
    ///
    /// - Parameter showsChecks: For operators: with names of upstreams, problems of files and the like.
    func answer(showsChecks: Bool) -> (isReady: Bool, json: String) {
        let (report, coordination) = state.withLockedValue { ($0.report, $0.coordination) }
        let checks = checks
        let isReady = isReady(checks)
        let status = checks.map(\.status).max() ?? .ok
        var text = #"{"configuration":\#(Self.json(report)),"ready":\#(isReady),"status":"\#(status.rawValue)""#
        if let coordination {
            text += #","coordination":{"locks":"\#(coordination.locks.rawValue)","#
            text += #""values":"\#(coordination.values.rawValue)"}"#
        }
        if showsChecks {
            let entries = checks.map { check in
                var message = ByteBuffer()
                JSONText.write(check.message, to: &message)
                return #""\#(check.name)":{"message":\#(String(buffer: message)),"status":"\#(check.status.rawValue)"}"#
            }
            text += #","checks":{\#(entries.joined(separator: ","))}"#
        }
        return (isReady, text + "}")
    }

    private static func json(_ report: ReloadReport?) -> String {
        guard let report else { return #"{"generation":1,"problems":0}"# }
        // Nothing in it needs escaping: words of this program, keys of the schema and a time.
        let keys = report.restartRequired.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"generation":\#(report.generation),"last_reload":{"outcome":"\#(report.outcome.rawValue)","#
            + #""time":"\#(report.time)"},"problems":\#(report.problems.count),"restart_required":[\#(keys)]}"#
    }
}
