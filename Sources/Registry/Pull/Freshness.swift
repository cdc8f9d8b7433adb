public import OCI

/// How long what is held of a mirror is served, and when its upstreams are asked again. Times are seconds.
public struct Freshness: Sendable {
    /// A tag is served for so long without asking.
    public var tagTTL: Int64
    /// After that, for so long, it is still served at once, while one question in the background finds out.
    public var staleWhileRevalidate: Int64
    /// When the upstreams fail, a tag is served for so long after `tagTTL`; nil for ever.
    public var staleIfError: Int64?
    /// Says of a tag that it never moves: once held it is not asked for again.
    public var isImmutable: @Sendable (Tag) -> Bool
    /// The upstream's word that there is no such manifest is believed for so long.
    public var negativeTTL: Int64
    /// What is held is also served when an upstream says that we may not have it any more.
    public var servesOnDenied: Bool

    public init(
        tagTTL: Int64, staleWhileRevalidate: Int64, staleIfError: Int64?,
        isImmutable: @escaping @Sendable (Tag) -> Bool = { _ in false }, negativeTTL: Int64, servesOnDenied: Bool
    ) {
        self.tagTTL = tagTTL
        self.staleWhileRevalidate = staleWhileRevalidate
        self.staleIfError = staleIfError
        self.isImmutable = isImmutable
        self.negativeTTL = negativeTTL
        self.servesOnDenied = servesOnDenied
    }
}

extension Freshness {
    /// What is done about a held tag that somebody pulls.
    enum Verdict: Equatable {
        /// It is served.
        case fresh
        /// It is served at once, and the upstreams are asked meanwhile.
        case stale
        /// The upstreams are asked first.
        case expired
    }

    /// - Parameter age: Seconds since the tag was last confirmed; negative where a clock was set back, which must not make
    ///   a tag fresh for ever.
    func verdict(on tag: Tag, age: Int64) -> Verdict {
        if (0..<tagTTL).contains(age) || isImmutable(tag) { return .fresh }
        return (tagTTL..<tagTTL + staleWhileRevalidate).contains(age) ? .stale : .expired
    }

    /// Whether a tag is still served while the upstreams fail.
    func mayServe(whileFailing age: Int64) -> Bool { staleIfError.map { age < tagTTL + $0 } ?? true }
}
