#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif
public import NIOPosix

/// Runs tasks on a thread pool whose threads may block: a fill hashes and writes in place, instead of handing every
/// piece to another thread and waiting for it.
public final class ThreadPoolExecutor: TaskExecutor {
    private let pool: NIOThreadPool
    private let niceness: CInt?

    /// - Parameter niceness: From 0 to 19: how much its threads stand back behind all others, where the system can tell
    ///   threads apart; nil leaves them as they are.
    public init(_ pool: NIOThreadPool, niceness: CInt? = nil) {
        self.pool = pool
        self.niceness = niceness
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { [niceness] _ in
            #if os(Linux)
                // Of this thread. That it is so already costs less than to know it.
                if let niceness { Self.stepBack(niceness) }
            #endif
            // Also when the pool is shutting down: a job that is dropped would leave its task waiting for ever.
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
