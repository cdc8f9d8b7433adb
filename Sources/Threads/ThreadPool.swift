internal import NIOConcurrencyHelpers

/// Threads for work that blocks: started when there is work for them, up to a bound, and ended after they had none for a
/// while. A server that rests has none.
public final class ThreadPool: Sendable {
    private let name: String
    private let queue: WorkQueue

    /// - Parameters:
    ///   - limit: Threads at the same time; what is more waits, first come first served.
    ///   - name: Of its threads, at most 15 bytes.
    ///   - patience: Seconds that a thread waits for more work before it ends.
    public init(limit: Int, name: String, patience: Int = 1) {
        self.name = name
        queue = WorkQueue(limit: max(limit, 1), patience: patience)
    }

    /// For the seldom and short work of the whole process.
    public static let shared = ThreadPool(limit: 4, name: "shared work")

    /// How many there are now.
    public var threadCount: Int { queue.threadCount }

    /// Has `work` done, and returns at once.
    public func submit(_ work: @escaping @Sendable () -> Void) {
        guard queue.add(work) == .needsThread else { return }
        let queue = queue
        let failure = SystemThread.start(name) {
            while let work = queue.next() { work() }
        }
        // The caller does it, late and in the wrong place, rather than nobody.
        if failure != 0 { for work in queue.threadIsMissing() { work() } }
    }

    /// Has `work` done, and waits for what comes of it.
    ///
    /// - Throws: What `work` throws; `CancellationError` where the task is cancelled before `work` began, which is then
    ///   not done.
    public func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let order = WorkOrder<Value>()
        let value = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard order.place(continuation) else { return continuation.resume(throwing: CancellationError()) }
                submit {
                    guard let waiting = order.take() else { return }
                    let result = Result(catching: work)
                    order.meet()
                    waiting.resume(with: result)
                }
            }
        } onCancel: {
            order.cancel()
        }
        order.meet()
        return value
    }
}

/// Who waits for a piece of work: either it is begun or it is cancelled.
private final class WorkOrder<Value: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Value, any Error>)
        case over
    }

    private let state = NIOLockedValueBox(State.new)

    /// False where it was cancelled before.
    func place(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
        state.withLockedValue { state in
            guard case .new = state else { return false }
            state = .waiting(continuation)
            return true
        }
    }

    /// Where who did the work and who waited for it come by, one after the other: the thread sanitizer does not see that a
    /// continuation orders them.
    func meet() { state.withLockedValue { _ in } }

    /// Nil where it was cancelled before.
    func take() -> CheckedContinuation<Value, any Error>? {
        state.withLockedValue { state in
            defer { state = .over }
            guard case .waiting(let continuation) = state else { return nil }
            return continuation
        }
    }

    func cancel() { take()?.resume(throwing: CancellationError()) }
}
