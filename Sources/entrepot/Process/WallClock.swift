#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Observability

enum WallClock {
    /// Seconds since 1970.
    static func seconds() -> Int64 { Int64(time(nil)) }

    /// RFC 3339, UTC, milliseconds.
    static func timestamp() -> String { LogFormat.timestamp() }
}
