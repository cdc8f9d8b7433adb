#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import NIOCore

/// What waits for a thread, and the threads that wait for work.
final class WorkQueue: @unchecked Sendable {
    // Unchecked: everything that changes is touched with the mutex held.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var work = CircularBuffer<@Sendable () -> Void>()
    private var threads = 0
    private var waiting = 0
    private let limit: Int
    /// Seconds.
    private let patience: Int

    init(limit: Int, patience: Int) {
        self.limit = limit
        self.patience = patience
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    enum Admission {
        /// A thread that is there takes it.
        case taken
        /// Nobody is free, and one more thread is allowed: the caller starts it.
        case needsThread
    }

    var threadCount: Int { locked { threads } }

    func add(_ item: @escaping @Sendable () -> Void) -> Admission {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        work.append(item)
        // Those that were woken and do not run yet are still counted as waiting: each takes one item.
        if work.count <= waiting {
            pthread_cond_signal(condition)
            return .taken
        }
        guard threads < limit else { return .taken }
        threads += 1
        return .needsThread
    }

    /// The thread that was to be started does not exist.
    ///
    /// - Returns: Work that nobody would do now, as there is no other thread.
    func threadIsMissing() -> [@Sendable () -> Void] {
        locked {
            threads -= 1
            guard threads == 0 else { return [] }
            defer { work.removeAll() }
            return Array(work)
        }
    }

    /// Blocks until there is something to do; nil ends the thread that asks.
    func next() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let first = work.popFirst() { return first }
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        end.tv_sec += patience
        waiting += 1
        defer { waiting -= 1 }
        while true {
            let outcome = pthread_cond_timedwait(condition, mutex, &end)
            if let first = work.popFirst() { return first }
            guard outcome == 0 else {
                threads -= 1
                return nil
            }
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
