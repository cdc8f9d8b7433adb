#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

extension OpenFile {
    /// Whether both are the same file, to which nothing was written in between. As long as the first is open no other gets its
    /// number.
    func isSame(as other: OpenFile) -> Bool {
        var (own, its) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, fstat(other.descriptor, &its) == 0 else { return false }
        #if canImport(Darwin)
            let (ownTime, itsTime) = (own.st_mtimespec, its.st_mtimespec)
        #else
            let (ownTime, itsTime) = (own.st_mtim, its.st_mtim)
        #endif
        return own.st_dev == its.st_dev && own.st_ino == its.st_ino && own.st_size == its.st_size
            && ownTime.tv_sec == itsTime.tv_sec && ownTime.tv_nsec == itsTime.tv_nsec
    }
}
