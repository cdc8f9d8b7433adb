/// The requests of one event loop that have to wait for something. Each is a task on that loop, and gone with its
/// response: a connection that only waits for its next request has none.
///
/// On its event loop only.
final class RequestTasks {
    /// At most one for each connection.
    private var waiting: [RequestTask] = []
    private var taker: CheckedContinuation<[RequestTask], Never>?
    private var hasEnded = false

    func start(_ task: RequestTask) {
        guard let taker = taker.take() else { return waiting.append(task) }
        taker.resume(returning: [task])
    }

    /// No more come.
    func end() {
        hasEnded = true
        taker.take()?.resume(returning: [])
    }

    /// Owns the tasks; returns after ``end()``, when the last is done. To be called on the event loop's executor.
    func run() async {
        await withDiscardingTaskGroup { tasks in
            while true {
                let started = await next()
                guard !started.isEmpty else { return }
                for task in started { tasks.addTask { await task.run() } }
            }
        }
    }

    /// None if no more come.
    private func next() async -> [RequestTask] {
        await withCheckedContinuation { continuation in
            if waiting.isEmpty, !hasEnded {
                taker = continuation
            } else {
                continuation.resume(returning: waiting)
                waiting = []
            }
        }
    }
}
