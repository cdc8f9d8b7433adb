import Upstream

/// What the list as a whole says when no upstream gave the content.
struct UpstreamListError: Error {
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

    init(meaning: Meaning, decisive: UpstreamError) {
        self.meaning = meaning
        self.decisive = decisive
    }

    /// One refusal is enough to be refused: what was withdrawn from us is not served around the decision. Otherwise the
    /// first upstream's word counts, so that neither a dead primary nor a dead secondary turns the answer of the other
    /// into something it did not say.
    ///
    /// - Parameter errors: Of all upstreams that were asked, in the order of the list.
    init(of errors: [UpstreamError]) {
        if let refusal = errors.first(where: { $0.kind == .unauthorized || $0.kind == .denied }) {
            self.init(meaning: .denied, decisive: refusal)
        } else if let first = errors.first {
            self.init(meaning: first.kind == .notFound ? .absent : .failed, decisive: first)
        } else {
            self.init(
                meaning: .failed, decisive: UpstreamError(.invalidResponse, "the repository has no upstream"))
        }
    }
}
