public import CurlClient
public import Logging
internal import NIOCore
public import OCI
public import Upstream

/// A registry as its clients see it: images are pulled from it and pushed to it.
///
/// It authenticates as the registry asks, never takes credentials to another host, checks what it gets against digests, goes on
/// where a transfer broke off, and keeps to limits of its own. Every method may be called by several tasks at a time.
public struct RemoteRegistry: Sendable {
    let client: UpstreamClient
    let settings: RemoteRegistrySettings
    let timers: Timers

    /// Host and port, for messages.
    public var name: String { client.name }

    /// - Parameters:
    ///   - endpoint: Where it is.
    ///   - credentials: Of whom it is asked for; nil for anonymous. ``AuthFiles`` has those that other tools keep.
    ///   - curl: Shared, so are its connections.
    public init(
        _ endpoint: UpstreamEndpoint, settings: RemoteRegistrySettings = RemoteRegistrySettings(),
        credentials: (any CredentialSource)? = nil, curl: CurlClient = CurlClient(),
        logger: Logger = Logger(label: "registry-client", factory: { _ in SwiftLogNoOpLogHandler() }),
        timers: Timers = .system
    ) {
        self.settings = settings
        self.timers = timers
        client = UpstreamClient(
            endpoint: endpoint, credentialSource: credentials, settings: settings.client, curl: curl,
            tokens: TokenCache(), userAgent: settings.userAgent,
            gate: UpstreamGate(name: endpoint.name, caps: settings.caps, timers: timers), logger: logger)
    }

    /// Leave to ask it once.
    func entering(_ repository: RepositoryName, _ rank: Urgency.Rank) async throws(UpstreamError) -> UpstreamClient {
        try await client.entering(
            UpstreamErrand(repository: repository, urgency: Urgency(rank)), patience: settings.patience)
    }

    // MARK: Lists

    /// All tags of a repository.
    public func tags(_ repository: RepositoryName) async throws(UpstreamError) -> [Tag] {
        var tags: [Tag] = []
        var place: UpstreamListPlace?
        repeat {
            let page = try await retrying { () async throws(UpstreamError) in
                try await entering(repository, .question).tags(repository, at: place, limit: 1000)
            }
            tags += page.tags
            try checkRoom(tags.count, "tags of \(repository)")
            place = page.next
        } while place != nil
        return tags
    }

    /// All repositories, where the registry tells them.
    public func repositories() async throws(UpstreamError) -> [RepositoryName] {
        var names: [RepositoryName] = []
        var place: UpstreamListPlace?
        repeat {
            let page = try await retrying { () async throws(UpstreamError) in
                try await client.repositories(at: place, limit: 1000)
            }
            names += page.names
            try checkRoom(names.count, "repositories")
            place = page.next
        } while place != nil
        return names
    }

    /// Manifests that name `subject`, by the referrers API or by the tag that stands for it.
    public func referrers(
        _ repository: RepositoryName, _ subject: Digest
    ) async throws(UpstreamError) -> [Descriptor] {
        try await retrying { () async throws(UpstreamError) in
            try await entering(repository, .question).referrers(repository, subject)
        }
    }

    private static let mostNames = 1_000_000

    private func checkRoom(_ count: Int, _ what: String) throws(UpstreamError) {
        guard count <= Self.mostNames else {
            throw UpstreamError(.tooLarge, "\(name) has more than \(Self.mostNames) \(what)")
        }
    }

    // MARK: Trying again

    /// Asks again what failed for a reason that passes.
    func retrying<Value: Sendable>(
        _ work: () async throws(UpstreamError) -> Value
    ) async throws(UpstreamError) -> Value {
        var failures = 0
        while true {
            do throws(UpstreamError) {
                return try await work()
            } catch {
                try await pause(after: error, &failures)
            }
        }
    }

    /// Waits before something is tried again, the longer the more often it failed.
    ///
    /// - Throws: `error`, where trying again is of no use.
    func pause(after error: UpstreamError, _ failures: inout Int) async throws(UpstreamError) {
        failures += 1
        guard error.kind.mayPass, failures < settings.attempts, !Task.isCancelled else { throw error }
        var wait = Duration.milliseconds(250) * (1 << min(failures - 1, 6))
        if case .rateLimited(let seconds?) = error.kind {
            guard .seconds(seconds) <= settings.patience else { throw error }
            wait = max(wait, .seconds(seconds))
        }
        await timers.sleep(wait)
    }
}

extension UpstreamError.Kind {
    /// Whether the same question may be answered a moment later.
    var mayPass: Bool {
        switch self {
        case .rateLimited, .timedOut, .resolve, .refused, .cutShort, .capped: true
        // What a registry cannot do at all will not be done by asking again.
        case .unavailable(let status): status != 501 && status != 505
        case .notFound, .unauthorized, .denied, .tls, .tooLarge, .rangeNotSatisfiable, .invalidResponse, .redirectLoop,
            .cancelled, .offline:
            false
        }
    }
}
