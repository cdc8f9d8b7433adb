internal import SigV4

/// What the store told of itself: where it really is, and what time it is there.
struct S3Place: Sendable {
    var region: String
    /// `host` or `host:port`, without the bucket.
    var authority: String
    /// Seconds to add to this machine's clock for signatures, which takes more than a moment's difference.
    var clockOffset: Int64 = 0
    /// Seconds by which the store's clock is ahead of this machine's, as it last answered.
    var clockDifference: Int64 = 0

    init(_ settings: S3Settings) {
        region = settings.region
        authority = settings.authority
    }

    /// Follows the store to another region; false for one that cannot be, or that is known already.
    mutating func move(to region: String) -> Bool {
        guard region != self.region, (1...40).contains(region.utf8.count),
            region.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            })
        else { return false }
        if authority == "s3.\(self.region).amazonaws.com" { authority = "s3.\(region).amazonaws.com" }
        self.region = region
        return true
    }
}
