import Logging
import OCI
import Upstream

/// The upstreams of a namespace as one: asks them in order until one answers.
struct UpstreamList: Sendable {
    /// What the list as a whole says when no upstream gave the content.
    struct Verdict: Error {
        enum Meaning {
            /// The first upstream says that there is no such thing. It speaks for the list.
            case absent
            /// Some upstream says that we may not have it.
            case denied
            /// Nobody could say.
            case failed
        }

        let meaning: Meaning
        /// Of the upstream that decided.
        let decisive: UpstreamError
    }

    let upstreams: [any UpstreamRegistry]
    let logger: Logger

    /// The first answer in the order of the list.
    ///
    /// - Parameter avoiding: Names of upstreams to be asked last.
    func first<Answer>(
        avoiding: Set<String> = [],
        _ ask: (any UpstreamRegistry) async throws(UpstreamError) -> Answer
    ) async throws(Verdict) -> (answer: Answer, upstream: any UpstreamRegistry) {
        var errors: [UpstreamError] = []
        let ordered = upstreams.filter { !avoiding.contains($0.name) } + upstreams.filter { avoiding.contains($0.name) }
        for upstream in ordered {
            do throws(UpstreamError) {
                return (try await ask(upstream), upstream)
            } catch {
                logger.debug(
                    "upstream did not answer", metadata: ["upstream": "\(upstream.name)", "error": "\(error)"])
                errors.append(error)
                if error.kind == .cancelled { break }
            }
        }
        throw Self.verdict(errors)
    }

    /// One refusal is enough to be refused: what was withdrawn from us is not served around the decision. Otherwise the
    /// first upstream's word counts, so that neither a dead primary nor a dead secondary turns the answer of the other
    /// into something it did not say.
    static func verdict(_ errors: [UpstreamError]) -> Verdict {
        if let refusal = errors.first(where: { $0.kind == .unauthorized || $0.kind == .denied }) {
            return Verdict(meaning: .denied, decisive: refusal)
        }
        guard let first = errors.first else {
            return Verdict(
                meaning: .failed, decisive: UpstreamError(.invalidResponse, "the repository has no upstream"))
        }
        return Verdict(meaning: first.kind == .notFound ? .absent : .failed, decisive: first)
    }
}

extension RegistryError {
    /// The verdict as the client hears it.
    ///
    /// - Parameter absent: The code for content that the upstream does not have.
    init(_ verdict: UpstreamList.Verdict, absent: Code) {
        let error = verdict.decisive
        switch verdict.meaning {
        case .absent:
            self.init(absent, error.message, cause: error)
        case .denied:
            self.init(.denied, error.message, cause: error)
        case .failed:
            switch error.kind {
            case .rateLimited(let retryAfter):
                self.init(.tooManyRequests, error.message, retryAfter: retryAfter ?? 60, cause: error)
            case .timedOut:
                self.init(.unavailable, status: 504, error.message, cause: error)
            case .cancelled:
                self.init(.unavailable, status: 503, error.message, retryAfter: 1, cause: error)
            case .rangeNotSatisfiable:
                self.init(.sizeInvalid, status: 416, error.message, cause: error)
            default:
                self.init(.unavailable, status: 502, error.message, cause: error)
            }
        }
    }

    /// The store failed.
    init(_ error: some Error & CustomStringConvertible) {
        self.init(
            .unknown, status: 500, "the registry's storage failed; the server's log says why under this request's id",
            cause: error)
    }
}
