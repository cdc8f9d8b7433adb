import Logging
import NIOCore
import Observability
import Tracing

extension UpstreamClient {
    package enum Operation: String, Sendable {
        case headManifest = "head_manifest"
        case manifest
        case headBlob = "head_blob"
        case blob
        case tags
        case referrers
        case catalog
        case upload
        case pushManifest = "push_manifest"
        case delete

        var family: RateBudget.Family {
            switch self {
            case .headBlob, .blob, .upload: .blobs
            case .headManifest, .manifest, .tags, .referrers, .catalog, .pushManifest, .delete: .manifests
            }
        }
    }

    /// Counts and logs how `work` ends, which is not begun while the upstream has had enough of us. Of a blob that is the head; its bytes are counted on their own.
    package func observed<Value: Sendable>(
        _ operation: Operation, _ work: () async throws(UpstreamError) -> Value
    ) async throws(UpstreamError) -> Value {
        let began = NIODeadline.now()
        let admission = budget?.admit(operation.family, now: now()) ?? .free
        defer { if case .probe(let block) = admission { budget?.ended(block, operation.family, now: now()) } }
        do throws(UpstreamError) {
            if case .wait(let wait) = admission {
                throw UpstreamError(
                    .rateLimited(retryAfter: wait), "\(name) takes no more requests for \(wait) seconds")
            }
            let value =
                Traces.isOn
                ? try await traced(
                    "upstream \(operation.rawValue)", kind: .client, attributes: ["server.address": .string(name)], work
                )
                : try await work()
            record(operation, "ok", nil, since: began)
            return value
        } catch {
            record(operation, error.kind.word, error, since: began)
            throw error
        }
    }

    private func record(
        _ operation: Operation, _ outcome: String, _ error: UpstreamError?, since began: NIODeadline
    ) {
        requestCounters.count(operation, outcome, (NIODeadline.now() - began).nanoseconds)
        logger.log(
            level: error?.kind.isFailure == true ? .warning : .debug,
            error?.kind.isFailure == true ? "an upstream failed" : "asked upstream",
            metadata: {
                var fields: Logger.Metadata = [
                    "upstream": "\(name)", "operation": "\(operation.rawValue)", "outcome": "\(outcome)",
                ]
                if let error { fields["error"] = "\(error)" }
                return fields
            }())
    }
}

extension UpstreamError.Kind {
    /// Whether something is wrong with the upstream, or with how it is asked.
    fileprivate var isFailure: Bool {
        switch self {
        case .notFound, .cancelled, .offline, .capped, .rangeNotSatisfiable: false
        case .unauthorized, .denied, .rateLimited, .unavailable, .timedOut, .resolve, .refused, .tls, .cutShort,
            .tooLarge, .invalidResponse, .redirectLoop:
            true
        }
    }
}

extension UpstreamError.Kind {
    /// One of few, for metrics.
    public var word: String {
        switch self {
        case .notFound: "not_found"
        case .unauthorized: "unauthorized"
        case .denied: "denied"
        case .rateLimited: "rate_limited"
        case .unavailable: "unavailable"
        case .timedOut: "timed_out"
        case .resolve: "resolve"
        case .refused: "refused"
        case .tls: "tls"
        case .cutShort: "cut_short"
        case .tooLarge: "too_large"
        case .rangeNotSatisfiable: "range_not_satisfiable"
        case .invalidResponse: "invalid_response"
        case .redirectLoop: "redirect_loop"
        case .cancelled: "cancelled"
        case .offline: "offline"
        case .capped: "capped"
        }
    }
}
