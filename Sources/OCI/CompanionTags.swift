/// Under what tags tools keep things beside an image, by its digest: signatures, attestations and lists of referrers.
public enum CompanionTags {
    private static let suffixes = ["", ".sig", ".att", ".sbom"]

    public static func tags(of digest: Digest) -> [Tag] {
        suffixes.compactMap { Tag(Tag(referrersOf: digest).value + $0) }
    }

    /// What a tag belongs to; nil if it is none of these. One of a digest of SHA-512 is cut short, and does not tell.
    public static func subject(of tag: Tag) -> Digest? {
        let parts = tag.value.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let algorithm = Digest.Algorithm(rawValue: String(parts[0])) else { return nil }
        let hex = parts[1].prefix(algorithm.hexLength)
        guard suffixes.contains(String(parts[1][hex.endIndex...])) else { return nil }
        return Digest(algorithm: algorithm, hex: hex)
    }
}
