#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Descriptors that no new connection gets, so that requests under way can open what they need.
struct DescriptorReserve: Equatable {
    /// Descriptors from this number on belong to it.
    let begins: Int

    /// - Parameter limit: How many the process may have.
    init(limit: Int) {
        begins = limit - min(limit / 4, 512)
    }

    /// As large as it is by the limit that holds now, which may be changed from outside.
    static var now: DescriptorReserve {
        var limit = rlimit()
        #if canImport(Glibc)
            let result = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let result = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        guard result == 0 else { return DescriptorReserve(limit: 1024) }
        return DescriptorReserve(limit: Int(clamping: limit.rlim_cur))
    }

    /// Whether all others are in use. The system gives the lowest that is free.
    ///
    /// - Parameter descriptor: Any that is open.
    func isAllThatIsLeft(asSeenFrom descriptor: CInt) -> Bool {
        let next = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard next >= 0 else { return true }
        close(next)
        return Int(next) >= begins
    }
}
