public import Logging
internal import Metrics
internal import NIOConcurrencyHelpers
public import ServiceLifecycle
internal import Threads

/// Whom events are told, over a queue on disk: each at least once, in the order in which they happened. An endpoint that is
/// slow or gone costs nobody anything but room on the disk.
public final class EventEndpoint: Service {
    /// What an endpoint said, as far as it matters.
    public enum Answer: Sendable {
        case taken
        /// To be tried again; seconds, where it says when.
        case later(String, Int?)
        /// It will not take these.
        case refused(String)
    }

    public struct Settings: Sendable {
        public var name: String
        public var format: EventFormat
        public var actions: Set<RegistryEvent.Action>
        /// Of the queue.
        public var folder: String
        /// Bytes of the queue.
        public var limit: Int
        /// The name of this server.
        public var instance: String
        /// Signs bodies; nil for none.
        public var secret: [UInt8]?

        public init(
            name: String, format: EventFormat, actions: Set<RegistryEvent.Action>, folder: String, limit: Int,
            instance: String, secret: [UInt8]?
        ) {
            self.name = name
            self.format = format
            self.actions = actions
            self.folder = folder
            self.limit = limit
            self.instance = instance
            self.secret = secret
        }
    }

    public typealias Send = @Sendable (_ body: [UInt8], _ fields: [(name: String, value: String)]) async -> Answer

    /// Events in memory that nobody waits for to be written.
    private static let mostPending = 10_000
    private static let longestWait = Duration.seconds(60)

    private let settings: Settings
    private let queue: SerialQueue
    private let send: Send
    private let pause: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let pending = NIOLockedValueBox<[String]>([])
    private let news: AsyncStream<Void>
    private let tell: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - send: Sends one body and tells the answer; ends in a bounded time.
    ///   - pause: Waits so long; throws where the program ends.
    /// - Throws: If there can be no queue in the folder.
    public init(
        _ settings: Settings, logger: Logger, send: @escaping Send,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) throws {
        self.settings = settings
        queue = SerialQueue(try EventQueueFile(folder: settings.folder, limit: settings.limit))
        self.logger = logger
        self.send = send
        self.pause = pause
        (news, tell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        // What an earlier process left.
        tell.yield()
    }

    /// Returns when the event is on disk, or cannot be put there, which is counted and logged.
    func record(_ event: RegistryEvent, _ line: String) async {
        guard settings.actions.contains(event.action) else { return }
        await write(line)
        tell.yield()
    }

    /// As ``record(_:_:)``, without waiting: it may be lost if the process is killed in the next moment.
    func recordLater(_ event: RegistryEvent, _ line: String) {
        guard settings.actions.contains(event.action) else { return }
        let isKept = pending.withLockedValue { pending in
            guard pending.count < Self.mostPending else { return false }
            pending.append(line)
            return true
        }
        if isKept { tell.yield() } else { count("dropped") }
    }

    /// Writes what waits in memory, and after it `line`.
    private func write(_ line: String? = nil) async {
        let (lost, error) = await queue.run { [pending] queue -> (Int, (any Error)?) in
            let pulls = pending.withLockedValue { pending in
                defer { pending = [] }
                return pending
            }
            let changes = line.map { [$0] } ?? []
            let count = pulls.count + changes.count
            guard count > 0 else { return (0, nil) }
            do {
                return (count - (try queue.append(changes, after: pulls)), nil)
            } catch {
                return (count, error)
            }
        }
        guard lost > 0 else { return }
        count("dropped", lost)
        logger.error(
            "events were dropped",
            metadata: [
                "endpoint": "\(settings.name)", "events": "\(lost)",
                "reason": "\(error.map { "\($0)" } ?? "the queue is full")",
            ])
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await _ in news {
                while await deliver(), !Task.isCancelled {}
            }
        }
        // For the next process, if not for this one.
        await write()
    }

    /// Delivers the next events.
    /// - Returns: Whether there may be more.
    func deliver() async -> Bool {
        if pending.withLockedValue({ !$0.isEmpty }) { await write() }
        let most = settings.format.most
        guard case .success(let next?) = await queue.run({ queue in Result { try queue.next(atMost: most) } }) else {
            return false
        }
        let events = next.lines.compactMap(EventLine.event)
        var outcome = "delivered"
        if !events.isEmpty {
            guard let word = await insist(events) else { return false }
            outcome = word
        }
        let result = await queue.run { queue in Result { try queue.acknowledge(next.end) } }
        if case .failure(let error) = result {
            logger.error(
                "events will be delivered again", metadata: ["endpoint": "\(settings.name)", "error": "\(error)"])
            return false
        }
        count(outcome, events.count)
        return true
    }

    /// Tries until the endpoint has answered.
    /// - Returns: How it ended; nil where the program ends before.
    private func insist(_ events: [RegistryEvent]) async -> String? {
        let body = settings.format.body(events, instance: settings.instance)
        var fields = [(name: "Content-Type", value: settings.format.contentType)]
        if let secret = settings.secret {
            fields.append((name: "X-Entrepot-Signature", value: EventSignature.value(body, secret)))
        }
        var wait = Duration.seconds(1)
        while !Task.isCancelled {
            switch await send(body, fields) {
            case .taken: return "delivered"
            case .refused(let reason):
                logger.error(
                    "an endpoint refuses events",
                    metadata: ["endpoint": "\(settings.name)", "events": "\(events.count)", "reason": "\(reason)"])
                return "refused"
            case .later(let reason, let seconds):
                count("retried")
                logger.warning(
                    "an endpoint takes no events for now",
                    metadata: ["endpoint": "\(settings.name)", "reason": "\(reason)"])
                let asked = seconds.map { min(.seconds($0), Self.longestWait) } ?? wait
                do { try await pause(asked * Double.random(in: 0.8...1.2)) } catch { return nil }
                wait = min(wait * 2, Self.longestWait)
            }
        }
        return nil
    }

    private func count(_ outcome: String, _ number: Int = 1) {
        Counter(label: "entrepot_events_total", dimensions: [("endpoint", settings.name), ("outcome", outcome)])
            .increment(by: number)
    }
}

/// One at a time, where blocking harms nobody.
private final class SerialQueue: Sendable {
    private let file: NIOLockedValueBox<Box>

    private struct Box: @unchecked Sendable {
        // Used under the lock only.
        let file: EventQueueFile
    }

    init(_ file: EventQueueFile) { self.file = NIOLockedValueBox(Box(file: file)) }

    func run<Value: Sendable>(_ work: @escaping @Sendable (EventQueueFile) -> Value) async -> Value {
        do {
            return try await ThreadPool.shared.run { self.file.withLockedValue { work($0.file) } }
        } catch {
            // The program ends: nobody is held up any more.
            return file.withLockedValue { work($0.file) }
        }
    }
}
