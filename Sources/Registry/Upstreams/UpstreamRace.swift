import Logging
import Upstream

/// One question on its way through a list of upstreams, until one of them answers.
struct UpstreamRace: Sendable {
    /// Nobody answered: what each said, or what is known of it.
    struct Lost: Error {
        /// By position in the list.
        var errors: [Int: UpstreamError] = [:]
    }

    private enum Event<Answer: Sendable>: Sendable {
        case heard(Int, any UpstreamRegistry, Result<Answer, UpstreamError>)
        /// The upstream asked last is slow.
        case slow(Int)
    }

    /// In the order of asking, with their positions in the list.
    let upstreams: [(offset: Int, element: any UpstreamRegistry)]
    let health: UpstreamHealth
    let errand: UpstreamErrand
    let manner: UpstreamList.Manner
    let logger: Logger

    /// How long a blob stands in line at an upstream that is used as much as it may be: less than clients wait.
    private static let patience: Duration = .seconds(20)

    func run<Answer: Sendable>(
        _ ask: @escaping UpstreamList.Ask<Answer>
    ) async -> Result<(answer: Answer, upstream: any UpstreamRegistry, position: Int), Lost> {
        let limits = health.limits
        let start = health.timers.now()
        return await withTaskGroup(of: Event<Answer>.self) { group in
            defer { group.cancelAll() }
            var lost = Lost()
            var position = 0
            var waiting = 0

            /// Asks the next upstream that may be asked.
            func begin() {
                while position < upstreams.count {
                    let (offset, upstream) = upstreams[position]
                    position += 1
                    if let error = health.refusal(upstream.name) {
                        lost.errors[offset] = error
                        continue
                    }
                    let left =
                        switch manner {
                        case .hedged: limits.headerTimeout - (health.timers.now() - start)
                        case .inTurn: limits.headerTimeout
                        case .unhurried: limits.headerTimeout * 12
                        }
                    // A blob may stand in line for long, unless there is another upstream to turn to.
                    let patience =
                        manner == .hedged ? left : position < upstreams.count ? limits.headerTimeout : Self.patience
                    waiting += 1
                    group.addTask {
                        .heard(offset, upstream, await answer(upstream, within: left, patience: patience, ask))
                    }
                    if manner == .hedged, position < upstreams.count {
                        let number = position
                        group.addTask {
                            await health.timers.sleep(limits.hedgeDelay)
                            return .slow(number)
                        }
                    }
                    return
                }
            }

            begin()
            while waiting > 0, let event = await group.next() {
                switch event {
                case .heard(let offset, let upstream, .success(let answer)):
                    return .success((answer, upstream, offset))
                case .heard(let offset, let upstream, .failure(let error)):
                    waiting -= 1
                    logger.debug(
                        "upstream did not answer", metadata: ["upstream": "\(upstream.name)", "error": "\(error)"])
                    lost.errors[offset] = error
                    if error.kind == .cancelled { return .failure(lost) }
                    begin()
                case .slow(let number):
                    if number == position, !Task.isCancelled { begin() }
                }
            }
            return .failure(lost)
        }
    }

    /// What one upstream says in the time it has, and what that tells of its health.
    private func answer<Answer: Sendable>(
        _ upstream: any UpstreamRegistry, within time: Duration, patience: Duration,
        _ ask: @escaping UpstreamList.Ask<Answer>
    ) async -> Result<Answer, UpstreamError> {
        let start = health.timers.now()
        let admitted: any UpstreamRegistry
        do throws(UpstreamError) {
            admitted = try await upstream.admitted(errand, patience: patience)
        } catch {
            health.gaveUp(upstream.name)
            return .failure(error)
        }
        // Standing in line is not the upstream's slowness; but a question that is answered late is of no use.
        let time = manner == .hedged ? time - (health.timers.now() - start) : time
        let result = await withTaskGroup(of: Result<Answer, UpstreamError>?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do throws(UpstreamError) { return .success(try await ask(admitted)) } catch { return .failure(error) }
            }
            group.addTask {
                await health.timers.sleep(time)
                return nil
            }
            return await group.next() ?? nil
        }
        switch result {
        case .success?:
            health.succeeded(upstream.name)
        case .failure(let error)?:
            // Given up because another was faster, or because nobody wants to know any more.
            if Task.isCancelled { health.gaveUp(upstream.name) } else { health.failed(upstream.name, error) }
        case nil where Task.isCancelled:
            health.gaveUp(upstream.name)
        case nil:
            let error = UpstreamError(.timedOut, "\(upstream.name) did not answer in time")
            // Who was asked late had too little time to be blamed.
            if time >= health.limits.headerTimeout / 2 {
                health.failed(upstream.name, error)
            } else {
                health.gaveUp(upstream.name)
            }
            return .failure(error)
        }
        return result ?? .failure(UpstreamError(.cancelled, "the question to \(upstream.name) was given up"))
    }
}
