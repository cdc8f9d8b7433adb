import NIOCore

/// What the connections of one event loop share without locks: a scratch buffer, the date, request ids, the loop's turns,
/// the tasks of their requests, and one timer for all their deadlines (a scheduled task per connection and request would cost more than the requests).
final class LoopContext {
    let core: ServerCore
    let eventLoop: any EventLoop
    let turn = LoopTurn()
    let tasks = RequestTasks()
    var date = DateField()
    var requestIDs = RequestIDGenerator()
    private var scratch = ByteBuffer()
    private var noted: NIODeadline?
    private(set) var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var sweeping: RepeatedTask?
    private(set) var isDraining = false
    /// How often somebody who vouched for clients was taken away.
    private(set) var distrusts = 0
    private(set) var configuration: HTTPServerConfiguration

    init(core: ServerCore, eventLoop: any EventLoop) {
        self.core = core
        configuration = core.configuration
        self.eventLoop = eventLoop
        scratch.reserveCapacity(Self.scratchCapacity)
    }

    /// Lends the scratch buffer, empty. What `body` hands to the socket and the socket takes at once costs no
    /// allocation; what it does not take keeps the storage, and the next borrower gets new one.
    func withScratch<Result>(_ body: (inout ByteBuffer) throws -> Result) rethrows -> Result {
        scratch.clear(minimumCapacity: Self.scratchCapacity)
        return try body(&scratch)
    }

    /// A request was answered without a task. All loops share what is noted of it, so that it is noted now and then.
    func answeredAtOnce(_ time: NIODeadline) {
        if let noted, time - noted < .milliseconds(100) { return }
        noted = time
        core.answeredAtOnce(time)
    }

    func add(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        if sweeping == nil { startSweeping() }
    }

    private func startSweeping() {
        let tick = configuration.sweepInterval
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        sweeping = eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in bound.value.sweep() }
    }

    func remove(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = nil
        guard connections.isEmpty else { return }
        sweeping?.cancel()
        sweeping = nil
        if isDraining { tasks.end() }
    }

    /// Time-outs that run already keep their length; the next ones have the new.
    func adjust(_ configuration: HTTPServerConfiguration) {
        let isOtherTick = configuration.sweepInterval != self.configuration.sweepInterval
        self.configuration = configuration
        guard isOtherTick, let sweeping else { return }
        sweeping.cancel()
        startSweeping()
    }

    func sweep(now: NIODeadline = .now()) {
        let seconds = core.now()
        for connection in Array(connections.values) {
            connection.checkCertificate(seconds: seconds)
            connection.sweep(now: now)
        }
    }

    func distrustCertificates() {
        distrusts += 1
        for connection in Array(connections.values) where connection.certificateEnd != nil { connection.distrust() }
    }

    /// Idle connections close now, the others after the response under way.
    func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.closeIfIdle() }
        if connections.isEmpty { tasks.end() }
    }

    func abortAll() {
        isDraining = true
        for connection in Array(connections.values) { connection.cut(.stopping) }
        if connections.isEmpty { tasks.end() }
    }

    private static let scratchCapacity = 64 * 1024
}

extension HTTPServerConfiguration {
    /// The longest that one request may take.
    var requestTime: TimeAmount { TimeAmount(connectionAge) + TimeAmount(connectionAgeGrace) }

    /// Fine enough for the shortest of the time-outs.
    var sweepInterval: TimeAmount {
        let shortest = min(
            min(handshakeTimeout, headerTimeout, idleTimeout), min(writeStallTimeout, bodyStallTimeout),
            min(connectionAge, connectionAgeGrace))
        let interval = TimeAmount(shortest) / 8
        return min(max(interval, .milliseconds(5)), .seconds(1))
    }
}

extension TimeAmount {
    fileprivate static func / (amount: TimeAmount, divisor: Int64) -> TimeAmount {
        .nanoseconds(amount.nanoseconds / divisor)
    }
}
