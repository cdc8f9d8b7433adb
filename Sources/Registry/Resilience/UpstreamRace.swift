import Logging
import NIOConcurrencyHelpers
import Upstream

/// One question on its way through a list of upstreams, until one of them answers.
struct UpstreamRace: Sendable {
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
    let background: BackgroundWork
    let logger: Logger

    /// How long a blob stands in line at an upstream that is used as much as it may be: less than clients wait.
    private static let patience: Duration = .seconds(20)

    func run<Answer: Sendable>(
        _ ask: @escaping UpstreamList.Question<Answer>
    ) async -> Result<(answer: Answer, upstream: any UpstreamRegistry, position: Int), LostRaceError> {
        let limits = health.limits
        let start = health.timers.now()
        return await withTaskGroup(of: Event<Answer>.self) { group in
            defer { group.cancelAll() }
            var lost = LostRaceError()
            var position = 0
            var running: [Int: Runner] = [:]
            /// Found out about in the background, since others can be asked.
            var diverted: [(offset: Int, element: any UpstreamRegistry)] = []

            func send(to offset: Int, _ upstream: any UpstreamRegistry) {
                let time =
                    manner == .question ? limits.headerTimeout - (health.timers.now() - start) : limits.headerTimeout
                // Content may stand in line for long, unless there is another upstream to turn to.
                let patience =
                    manner == .question ? time : position < upstreams.count ? limits.headerTimeout : Self.patience
                let runner = Runner(name: upstream.name, start: manner == .question ? health.timers.now() : nil)
                running[offset] = runner
                group.addTask {
                    .heard(
                        offset, upstream, await answer(upstream, within: time, patience: patience, runner, ask))
                }
                guard position < upstreams.count else { return }
                let number = position
                group.addTask {
                    await slow(runner, limits.hedgeDelay)
                    return .slow(number)
                }
            }

            /// Asks the next upstream that may be asked.
            func begin() {
                while position < upstreams.count {
                    let (offset, upstream) = upstreams[position]
                    position += 1
                    switch health.admit(upstream.name) {
                    case .refused(let error):
                        lost.errors[offset] = error
                    case .probe(let last) where hasOthers(from: position):
                        lost.errors[offset] = last
                        diverted.append((offset, upstream))
                        probe(upstream, ask)
                    case .probe, .free:
                        return send(to: offset, upstream)
                    }
                }
                // Those who were to answer in its stead did not: then it is asked by those who wait.
                guard running.isEmpty, let (offset, upstream) = diverted.popLast() else { return }
                send(to: offset, upstream)
            }

            begin()
            while !running.isEmpty, let event = await group.next() {
                switch event {
                case .heard(let offset, let upstream, .success(let answer)):
                    running[offset] = nil
                    for runner in running.values where runner.hadItsTime(health.timers.now(), limits.hedgeDelay) {
                        health.lostRace(runner.name)
                    }
                    return .success((answer, upstream, offset))
                case .heard(let offset, let upstream, .failure(let error)):
                    running[offset] = nil
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

    /// One that was asked, and since when it has had its turn there; nil while it stands in line.
    private final class Runner: Sendable {
        let name: String
        private let start: NIOLockedValueBox<Duration?>

        init(name: String, start: Duration?) {
            self.name = name
            self.start = NIOLockedValueBox(start)
        }

        var began: Duration? { start.withLockedValue { $0 } }

        func begin(at time: Duration) { start.withLockedValue { $0 = $0 ?? time } }

        func hadItsTime(_ now: Duration, _ time: Duration) -> Bool { began.map { now - $0 >= time } ?? false }
    }

    /// Returns when the runner has had its turn for so long, or nobody wants to know any more.
    private func slow(_ runner: Runner, _ time: Duration) async {
        var left = time
        while left > .zero, !Task.isCancelled {
            await health.timers.sleep(left)
            left = runner.began.map { time - (health.timers.now() - $0) } ?? time
        }
    }

    private func hasOthers(from position: Int) -> Bool {
        upstreams[position...].contains { health.isOpenToQuestions($0.element.name) }
    }

    /// Finds out whether it works again, for nobody in particular.
    private func probe<Answer: Sendable>(
        _ upstream: any UpstreamRegistry, _ ask: @escaping UpstreamList.Question<Answer>
    ) {
        let time = health.limits.headerTimeout
        let isStarted = background.start {
            let runner = Runner(name: upstream.name, start: nil)
            _ = await answer(upstream, within: time, patience: time, runner, ask)
        }
        if !isStarted { health.gaveUp(upstream.name) }
    }

    /// What one upstream says in the time it has, and what that tells of its health.
    private func answer<Answer: Sendable>(
        _ upstream: any UpstreamRegistry, within time: Duration, patience: Duration, _ runner: Runner,
        _ ask: @escaping UpstreamList.Question<Answer>
    ) async -> Result<Answer, UpstreamError> {
        let start = health.timers.now()
        let admitted: any UpstreamRegistry
        do throws(UpstreamError) {
            admitted = try await upstream.admitted(errand, patience: patience)
        } catch {
            health.gaveUp(upstream.name)
            return .failure(error)
        }
        runner.begin(at: health.timers.now())
        // Standing in line is not the upstream's slowness; but a question that is answered late is of no use.
        let time = manner == .question ? time - (health.timers.now() - start) : time
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

/// Nobody answered: what each said, or what is known of it.
struct LostRaceError: Error {
    /// By position in the list.
    var errors: [Int: UpstreamError] = [:]
}
