import Logging
import OCI
import Upstream

/// The upstreams of a namespace as one: asks them in order until one answers.
struct UpstreamList: Sendable {
    let upstreams: [any UpstreamRegistry]
    let health: UpstreamHealth
    /// On whose behalf.
    let errand: UpstreamErrand
    /// Nobody is asked, ever.
    var isOffline = false
    /// Where it is found out whether an upstream works again, while others answer.
    let background: BackgroundWork
    let logger: Logger

    /// How long the upstreams have for their answers. The next is asked alongside one that is slow.
    enum Manner {
        /// The header time-out for all together. For what costs little.
        case question
        /// The header time-out for each, from when it has a place there: content may stand in line.
        case content
    }

    typealias Question<Answer> = @Sendable (any UpstreamRegistry) async throws(UpstreamError) -> Answer

    /// The first answer in the order of the list.
    ///
    /// - Parameters:
    ///   - avoiding: Names of upstreams to be asked last.
    ///   - favourite: The position of the upstream to be asked first.
    ///   - stuck: Positions of upstreams to be asked after all others.
    func first<Answer: Sendable>(
        avoiding: Set<String> = [], startingWith favourite: Int? = nil, stuck: Set<Int> = [], _ manner: Manner,
        _ ask: @escaping Question<Answer>
    ) async throws(UpstreamListError) -> (answer: Answer, upstream: any UpstreamRegistry, position: Int) {
        guard !isOffline else {
            throw UpstreamListError(
                meaning: .failed,
                decisive: UpstreamError(.offline, "this registry is offline, as configured"))
        }
        func rank(_ position: Int, _ upstream: any UpstreamRegistry) -> Int {
            if position == favourite { return 0 }
            return stuck.contains(position) ? 3 : avoiding.contains(upstream.name) ? 2 : 1
        }
        let numbered = upstreams.enumerated()
        let ordered = (0...3).flatMap { wanted in numbered.filter { rank($0.offset, $0.element) == wanted } }
        let race = UpstreamRace(
            upstreams: ordered, health: health, errand: errand, manner: manner, background: background, logger: logger)
        switch await race.run(ask) {
        case .success(let found):
            return found
        case .failure(let lost):
            // The verdict is the list's, in its own order, whatever the order of asking was.
            throw UpstreamListError(of: lost.errors.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    /// This one alone.
    func only(_ upstream: any UpstreamRegistry) -> UpstreamList {
        UpstreamList(
            upstreams: [upstream], health: health, errand: errand, isOffline: isOffline, background: background,
            logger: logger)
    }
}
