/// Leave to use an upstream for one request, from its start to the last byte of its answer. Letting go of it ends it.
public final class UpstreamPass: Sendable {
    private let errand: UpstreamErrand
    private let bucket: BandwidthBucket
    private let leave: @Sendable () -> Void

    init(_ errand: UpstreamErrand, _ bucket: BandwidthBucket, leave: @escaping @Sendable () -> Void) {
        self.errand = errand
        self.bucket = bucket
        self.leave = leave
    }

    deinit { leave() }

    /// Waits until these bytes, which have arrived, are within the cap. What is not taken meanwhile stops the upstream.
    public func take(_ bytes: Int) async { await bucket.take(bytes, errand) }

    /// The same for small answers, which are not held up: others wait the longer.
    public func charge(_ bytes: Int) { bucket.charge(bytes) }

    /// Bytes a second.
    var rate: Int? { bucket.rate }
}
