internal import NIOPosix

/// Runs tasks on a thread pool whose threads may block: a fill hashes and writes in place, instead of handing every
/// piece to another thread and waiting for it.
final class ThreadPoolExecutor: TaskExecutor {
    private let pool: NIOThreadPool

    init(_ pool: NIOThreadPool) {
        self.pool = pool
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in
            // Also when the pool is shutting down: a job that is dropped would leave its task waiting for ever.
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
