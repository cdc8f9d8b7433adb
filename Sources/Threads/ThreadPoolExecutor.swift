#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Runs tasks on a thread pool whose threads may block: a fill hashes and writes in place, instead of handing every
/// piece to another thread and waiting for it.
public final class ThreadPoolExecutor: TaskExecutor {
    private let pool: ThreadPool
    private let niceness: CInt?

    /// - Parameter niceness: From 0 to 19: how much its threads stand back behind all others, where the system can tell
    ///   threads apart; nil leaves them as they are.
    public init(_ pool: ThreadPool, niceness: CInt? = nil) {
        self.pool = pool
        self.niceness = niceness
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { [niceness] in
            #if os(Linux)
                // Of this thread. That it is so already costs less than to know it.
                if let niceness { Self.stepBack(niceness) }
            #endif
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }

    #if os(Linux)
        private static func stepBack(_ niceness: CInt) {
            #if canImport(Glibc)
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
            #else
                setpriority(PRIO_PROCESS, 0, niceness)
            #endif
        }
    #endif
}
