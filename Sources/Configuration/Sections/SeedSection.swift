/// `[[seed]]`: a list of images that are fetched ahead of time, again and again.
public struct SeedSection: Sendable, Hashable {
    /// A file, as `entrepot seed` takes it.
    public let list: String
    public let interval: Seconds
    /// Such as `linux/amd64`; none for all.
    public let platforms: [String]
    /// Of the tags that a pattern means, so many of the highest versions; nil for all.
    public let newest: Int?
    public let takesReferrers: Bool

    public init(
        list: String, interval: Seconds = .seconds(6 * 3600), platforms: [String] = [], newest: Int? = nil,
        takesReferrers: Bool = true
    ) {
        self.list = list
        self.interval = interval
        self.platforms = platforms
        self.newest = newest
        self.takesReferrers = takesReferrers
    }
}
