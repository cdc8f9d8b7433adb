import Logging
import Metrics

extension RegistryClient {
    enum Operation: String, Sendable {
        case headManifest = "head_manifest"
        case manifest
        case headBlob = "head_blob"
        case blob
        case tags
        case referrers
    }

    /// Counts and logs how `work` ends. Of a blob that is the head; its bytes are counted on their own.
    func observed<Value: Sendable>(
        _ operation: Operation, _ work: () async throws(UpstreamError) -> Value
    ) async throws(UpstreamError) -> Value {
        do throws(UpstreamError) {
            let value = try await work()
            record(operation, "ok", nil)
            return value
        } catch {
            record(operation, error.kind.label, error)
            throw error
        }
    }

    private func record(_ operation: Operation, _ outcome: String, _ error: UpstreamError?) {
        Counter(
            label: "entrepot_upstream_requests_total",
            dimensions: [("upstream", name), ("operation", operation.rawValue), ("outcome", outcome)]
        ).increment()
        logger.debug(
            "asked upstream",
            metadata: [
                "upstream": "\(name)", "operation": "\(operation.rawValue)", "outcome": "\(outcome)",
                "error": error.map { "\($0)" } ?? "",
            ])
    }
}

extension UpstreamError.Kind {
    fileprivate var label: String {
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
        }
    }
}
