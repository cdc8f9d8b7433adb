internal import OCI

/// Under what other tools keep things beside an image, by its digest: signatures, attestations and lists of referrers.
enum CompanionTags {
    private static let suffixes = ["", ".sig", ".att", ".sbom"]

    static func tags(of digest: Digest) -> [Tag] {
        suffixes.compactMap { Tag(Tag(referrersOf: digest).value + $0) }
    }
}
