import Hashing
import NIOCore
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

/// The first table of `docs/explanation/upstream-failures.md`, cell by cell.
@Suite(.timeLimit(.minutes(1))) struct FailureTableTests {
    enum Condition: CaseIterable, Sendable {
        case notFound, unauthorized, denied, limited, limitedFor7, lowBudget, broken, silent
        case refused, unresolved, untrusted, cutShort, leftAlone, lying, full, circling

        var failure: UpstreamError.Kind? {
            switch self {
            case .notFound: .notFound
            case .unauthorized: .unauthorized
            case .denied: .denied
            case .limited: .rateLimited(retryAfter: nil)
            case .limitedFor7: .rateLimited(retryAfter: 7)
            case .broken: .unavailable(status: 503)
            case .refused, .leftAlone: .refused
            case .unresolved: .resolve
            case .untrusted: .tls
            case .cutShort: .cutShort
            case .circling: .redirectLoop
            case .lowBudget, .silent, .lying, .full: nil
            }
        }

        /// Nothing comes of it before the time is over.
        var takesItsTime: Bool { self == .silent || self == .full }

        var isAsked: Bool { self != .leftAlone && self != .full }
    }

    enum Outcome: Equatable, Sendable {
        case served
        /// With a warning.
        case stale
        case refused(Int, retryAfter: Int? = nil)
    }

    private let image = Image()

    @Test(
        arguments: [
            (.notFound, .refused(404)), (.unauthorized, .refused(403)), (.denied, .refused(403)), (.limited, .stale),
            (.limitedFor7, .stale), (.lowBudget, .stale), (.broken, .stale), (.silent, .stale), (.refused, .stale),
            (.unresolved, .stale), (.untrusted, .stale), (.cutShort, .stale), (.leftAlone, .stale), (.lying, .stale),
            (.full, .stale), (.circling, .stale),
        ] as [(Condition, Outcome)])
    func whereItIsHeld(condition: Condition, expected: Outcome) async throws {
        try await Workshop.open(caps: UpstreamCaps(connections: 1)) { shop in
            let digest = image.hold(on: shop.upstream)
            _ = try await pull(shop)
            try await image.pullBlobs(shop)
            shop.pass(seconds: 61)
            try await outcome(condition, shop, digest, expected)
            let isHeld =
                try await shop.store.tag(
                    try #require(Tag("v1")), in: try shop.repository("mirror/x").name) != nil
            #expect(isHeld == (condition != .notFound))
        }
    }

    @Test(
        arguments: [
            (.notFound, .refused(404)), (.unauthorized, .refused(403)), (.denied, .refused(403)),
            (.limited, .refused(429, retryAfter: 60)), (.limitedFor7, .refused(429, retryAfter: 7)),
            (.lowBudget, .served), (.broken, .refused(502)), (.silent, .refused(504)), (.refused, .refused(502)),
            (.unresolved, .refused(502)), (.untrusted, .refused(502)), (.cutShort, .refused(502)),
            (.leftAlone, .refused(502)), (.lying, .refused(502)), (.full, .refused(429, retryAfter: 5)),
            (.circling, .refused(502)),
        ] as [(Condition, Outcome)])
    func whereNothingIsHeld(condition: Condition, expected: Outcome) async throws {
        try await Workshop.open(caps: UpstreamCaps(connections: 1)) { shop in
            let digest = image.hold(on: shop.upstream)
            try await outcome(condition, shop, digest, expected)
            if expected != .served { #expect(shop.objects.keys == []) }
        }
    }

    @Test func everyConditionHasACase() {
        #expect(Condition.allCases.count == 16)
    }

    private func outcome(
        _ condition: Condition, _ shop: Workshop, _ digest: Digest, _ expected: Outcome
    ) async throws {
        let pass = try await prepare(condition, shop)
        let asked = shop.upstream.questions.count
        let pulling = Task { try await pull(shop) }
        if condition.takesItsTime {
            await shop.timers.asleep(for: .seconds(5))
            shop.timers.pass(.seconds(5))
        }
        do {
            let served = try await pulling.value
            #expect(served.content.digest == digest)
            #expect(expected == (served.warning == nil ? .served : .stale), "\(served.warning ?? "fresh")")
        } catch let error as RegistryError {
            #expect(expected == .refused(error.status, retryAfter: error.retryAfter), "\(error)")
        }
        if !condition.isAsked || condition == .lowBudget && expected == .stale {
            #expect(shop.upstream.questions.count == asked)
        }
        withExtendedLifetime(pass) {}
    }

    /// - Returns: What keeps the condition up.
    private func prepare(_ condition: Condition, _ shop: Workshop) async throws -> UpstreamPass? {
        if let failure = condition.failure { shop.upstream.fail(failure) }
        switch condition {
        case .silent:
            shop.upstream.beSilent(true)
        case .lowBudget:
            shop.upstream.budget?.note(RateBudget.Reading(limit: 100, remaining: 9, window: nil, time: shop.time))
        case .lying:
            shop.upstream.claim(Digest(hashing: ByteBuffer(string: "something else")))
        case .leftAlone:
            for number in 0..<5 { _ = try? await pull(shop, "absent\(number)") }
        case .full:
            let errand = UpstreamErrand(
                repository: try shop.repository("mirror/other").name, urgency: Urgency(.question))
            return try await shop.upstream.gate?.admit(errand, patience: .zero)
        default:
            break
        }
        return nil
    }

    private func pull(_ shop: Workshop, _ tag: String = "v1") async throws -> Served<StoredManifest> {
        try await shop.registry.manifest(try shop.repository("mirror/x"), .tag(try #require(Tag(tag))))
    }
}
