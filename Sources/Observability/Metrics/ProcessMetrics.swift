#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import CoreMetrics

/// What the operating system knows of this process, under the names that Prometheus' own clients use.
public struct ProcessMetrics: Sendable {
    public static let descriptions = [
        MetricDescription("process_cpu_seconds_total", .counter, "User and system time of the process, in seconds"),
        MetricDescription("process_resident_memory_bytes", .gauge, "Resident memory"),
        MetricDescription("process_virtual_memory_bytes", .gauge, "Address space"),
        MetricDescription("process_open_fds", .gauge, "Open file descriptors"),
        MetricDescription("process_max_fds", .gauge, "The limit of open file descriptors"),
        MetricDescription("process_threads", .gauge, "Threads"),
        MetricDescription("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970"),
    ]

    private let cpu = FloatingPointCounter(label: "process_cpu_seconds_total")
    private let seenCPU = MetricValue()
    private let resident = Gauge(label: "process_resident_memory_bytes")
    private let virtual = Gauge(label: "process_virtual_memory_bytes")
    private let descriptors = Gauge(label: "process_open_fds")
    private let maxDescriptors = Gauge(label: "process_max_fds")
    private let threads = Gauge(label: "process_threads")

    /// - Parameter startTime: Seconds since 1970.
    public init(startTime: Int64) {
        Gauge(label: "process_start_time_seconds").record(startTime)
    }

    /// Looks once. Reads three small files of `/proc`; where there is none, only times and limits are known.
    public func collect() {
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
            let now = seconds(usage.ru_utime) + seconds(usage.ru_stime)
            cpu.increment(by: max(now - seenCPU.value, 0))
            seenCPU.set(now)
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            maxDescriptors.record(Double(limit.rlim_cur))
        }
        if let pages = Self.words(of: "/proc/self/statm"), pages.count > 1 {
            virtual.record((Double(pages[0]) ?? 0) * Double(getpagesize()))
            resident.record((Double(pages[1]) ?? 0) * Double(getpagesize()))
        }
        if let count = Self.entries(of: "/proc/self/fd") { descriptors.record(count) }
        if let count = Self.entries(of: "/proc/self/task") { threads.record(count) }
    }

    private func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    private static func words(of path: String) -> [Substring]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let text = withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        }
        return text.split(separator: " ")
    }

    private static func entries(of path: String) -> Int? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            if entry.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { count += 1 }
        }
        // The folder itself was open for it.
        return path.hasSuffix("fd") ? count - 1 : count
    }
}
