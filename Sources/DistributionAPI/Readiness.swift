import NIOConcurrencyHelpers

/// Whether the server should get new work: said by `/readyz`, taken back first when it shuts down.
///
/// Also tells whether the configuration in force is the one in the files. Not why it is not: anybody may ask, and problems
/// name paths and repositories. A server with an old configuration is ready.
public final class Readiness: Sendable {
    private struct State {
        var isReady = true
        /// JSON.
        var configuration = #"{"generation":1,"problems":0}"#
        /// JSON; nil where there is one replica.
        var coordination: String?
    }

    private let state = NIOLockedValueBox(State())

    public init() {}

    public var isReady: Bool { state.withLockedValue { $0.isReady } }

    public func withdraw() { state.withLockedValue { $0.isReady = false } }

    public func tell(_ report: ReloadReport) {
        // Nothing in it needs escaping: words of this program, keys of the schema and a time.
        let keys = report.restartRequired.map { "\"\($0)\"" }.joined(separator: ",")
        let text =
            #"{"generation":\#(report.generation),"last_reload":{"outcome":"\#(report.outcome.rawValue)","#
            + #""time":"\#(report.time)"},"problems":\#(report.problems.count),"restart_required":[\#(keys)]}"#
        state.withLockedValue { $0.configuration = text }
    }

    /// How what replicas share is. A server that is cut off from it serves all the same, and is ready.
    public func tell(_ report: CoordinationReport?) {
        let text = report.map { #"{"locks":"\#($0.locks.rawValue)","values":"\#($0.values.rawValue)"}"# }
        state.withLockedValue { $0.coordination = text }
    }

    var json: String {
        state.withLockedValue { state in
            let coordination = state.coordination.map { #","coordination":\#($0)"# } ?? ""
            return #"{"configuration":\#(state.configuration)\#(coordination),"ready":\#(state.isReady)}"#
        }
    }
}
