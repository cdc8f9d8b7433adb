#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import CThreads

/// A thread of the system, for what blocks or must be left alone by tasks.
public enum SystemThread {
    private final class Work {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            // Signals, SIGPIPE among them, are for the other threads.
            var signals = sigset_t()
            sigfillset(&signals)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            entrepot_name_this_thread(name)
            body()
        }
    }

    /// Runs `body` on a thread of its own, which ends with it.
    ///
    /// - Parameter name: As debuggers and `top -H` show it: at most 15 bytes.
    /// - Returns: 0, or the error number where the system gives no thread; `body` is not run then.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> CInt {
        let work = Unmanaged.passRetained(Work(name, body))
        #if canImport(Darwin)
            var thread: pthread_t?
            let failure = pthread_create(
                &thread, nil,
                {
                    Unmanaged<Work>.fromOpaque($0).takeRetainedValue().run()
                    return nil
                }, work.toOpaque())
        #else
            var thread = pthread_t()
            let failure = pthread_create(
                &thread, nil,
                {
                    if let work = $0 { Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run() }
                    return nil
                }, work.toOpaque())
        #endif
        guard failure == 0 else {
            work.release()
            return failure
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
        return 0
    }
}
