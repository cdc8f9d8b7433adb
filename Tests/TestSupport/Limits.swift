public import OCI
public import Registry
public import Upstream

// What servers get from their configuration, and tests from here. Where a test is about one of these, it says so.

extension Freshness {
    public static func test(
        tagTTL: Int64 = 60, staleWhileRevalidate: Int64 = 0, staleIfError: Int64? = nil,
        isImmutable: @escaping @Sendable (Tag) -> Bool = { _ in false }, negativeTTL: Int64 = 10,
        servesOnDenied: Bool = false
    ) -> Freshness {
        Freshness(
            tagTTL: tagTTL, staleWhileRevalidate: staleWhileRevalidate, staleIfError: staleIfError,
            isImmutable: isImmutable, negativeTTL: negativeTTL, servesOnDenied: servesOnDenied)
    }
}

extension PushRules {
    public static func test(
        isOverlay: Bool = false, refusalStatus: Int = 405, missingReferences: MissingReferences = .inIndexes
    ) -> PushRules {
        PushRules(isOverlay: isOverlay, refusalStatus: refusalStatus, missingReferences: missingReferences)
    }
}

extension PushLimits {
    public static func test(
        manifestSize: Int = 4 << 20, blobSize: Int64 = 100 << 30, references: Int = 10_000
    ) -> PushLimits {
        PushLimits(manifestSize: manifestSize, blobSize: blobSize, references: references)
    }
}

extension FillLimits {
    public static func test(
        concurrent: Int = 64, wait: Duration = .seconds(5), orphans: Int = 16, blobSize: Int64 = 64 << 30,
        holdBack: Int64 = 64 << 10, farDistance: Int64 = 8 << 20, farRanges: Int = 8, progress: Int64 = 64 << 10,
        idleTransfers: Int = 4
    ) -> FillLimits {
        FillLimits(
            concurrent: concurrent, wait: wait, orphans: orphans, blobSize: blobSize, holdBack: holdBack,
            farDistance: farDistance,
            farRanges: farRanges, progress: progress, idleTransfers: idleTransfers)
    }
}

extension ResilienceLimits {
    public static func test(
        headerTimeout: Duration = .seconds(5), hedgeDelay: Duration = .seconds(1), breakerFailures: Int = 5,
        breakerPause: Duration = .seconds(10)
    ) -> ResilienceLimits {
        ResilienceLimits(
            headerTimeout: headerTimeout, hedgeDelay: hedgeDelay, breakerFailures: breakerFailures,
            breakerPause: breakerPause)
    }
}

extension UpstreamClientSettings {
    public static var test: UpstreamClientSettings {
        UpstreamClientSettings(
            connectTimeout: .seconds(5), stallTimeout: .seconds(30), maxRedirects: 5, allowsPrivateRedirects: false,
            maxManifestSize: 4 << 20)
    }

    public static func test(_ change: (inout UpstreamClientSettings) -> Void) -> UpstreamClientSettings {
        var settings = test
        change(&settings)
        return settings
    }
}

extension Namespace {
    public static func test(
        key: RepositoryName, host: String? = nil, upstreams: [any UpstreamRegistry] = [], impliesLibrary: Bool = false,
        freshness: Freshness = .test(), isOffline: Bool = false, completesPulls: Bool = false,
        pushes: PushRules = .test()
    ) -> Namespace {
        Namespace(
            key: key, host: host, upstreams: upstreams, impliesLibrary: impliesLibrary, freshness: freshness,
            isOffline: isOffline, completesPulls: completesPulls, pushes: pushes)
    }
}
