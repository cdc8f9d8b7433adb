import Logging

extension RegistryClient {
    enum Operation: String, Sendable {
        case headManifest = "head_manifest"
        case manifest
        case headBlob = "head_blob"
        case blob
        case tags
        case referrers

        var family: RateBudget.Family {
            switch self {
            case .headBlob, .blob: .blobs
            case .headManifest, .manifest, .tags, .referrers: .manifests
            }
        }
    }

    /// Counts and logs how `work` ends, which is not begun while the upstream has had enough of us. Of a blob that is the head; its bytes are counted on their own.
    func observed<Value: Sendable>(
        _ operation: Operation, _ work: () async throws(UpstreamError) -> Value
    ) async throws(UpstreamError) -> Value {
        do throws(UpstreamError) {
            if let wait = budget?.admit(operation.family, now: now()), wait > 0 {
                throw UpstreamError(
                    .rateLimited(retryAfter: wait), "\(name) takes no more requests for \(wait) seconds")
            }
            let value = try await work()
            record(operation, "ok", nil)
            return value
        } catch {
            record(operation, error.kind.label, error)
            throw error
        }
    }

    private func record(_ operation: Operation, _ outcome: String, _ error: UpstreamError?) {
        requestCounters.count(operation, outcome)
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
        case .offline: "offline"
        case .capped: "capped"
        }
    }
}
