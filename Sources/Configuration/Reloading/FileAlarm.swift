#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
internal import NIOConcurrencyHelpers

/// Says when files are worth a look: at once where the kernel tells of changes (inotify(7)), and after a time in any case.
///
/// It is a hint and no more. A folder is watched with all that is in it, network file systems are silent, and only who looks
/// knows what has changed (``FileWatch``).
public final class FileAlarm: Sendable {
    public enum Reason: Sendable, Equatable {
        /// Something has changed in a folder on the way to one of the files.
        case told
        case time
        case stopped
    }

    /// -1 where the system has no such thing.
    private let events: CInt
    /// What stops who waits, for good: the one end is closed.
    private let stopping: (read: CInt, write: NIOLockedValueBox<CInt>)
    private let watches = NIOLockedValueBox<[String: CInt]>([:])

    public init() {
        #if os(Linux)
            events = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        #else
            events = -1
        #endif
        var ends: [CInt] = [-1, -1]
        if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        stopping = (ends[0], NIOLockedValueBox(ends[1]))
    }

    deinit {
        stop()
        close(stopping.read)
        if events >= 0 { close(events) }
    }

    /// Watches the folders on the way to these files from now on, and no others. What has changed until now is not told any
    /// more: a look follows.
    ///
    /// - Returns: False if the kernel does not tell of all: a folder does not exist yet, or may not be seen.
    public func cover(_ paths: some Sequence<String>) -> Bool {
        guard events >= 0 else { return false }
        #if os(Linux)
            let folders = paths.reduce(into: Set<String>()) { $0.formUnion(Self.folders(leadingTo: $1)) }
            return watches.withLockedValue { watches in
                let old = Set(watches.values)
                watches = [:]
                for folder in folders {
                    let watch = inotify_add_watch(events, folder, Self.changes)
                    if watch >= 0 { watches[folder] = watch }
                }
                for watch in old.subtracting(watches.values) { inotify_rm_watch(events, watch) }
                // That a watch is gone is told as well.
                drain()
                return watches.count == folders.count
            }
        #else
            return false
        #endif
    }

    /// Blocks its thread.
    public func wait(seconds: Double) -> Reason {
        wait(seconds, for: [stopping.read, events])
    }

    /// The same, whatever the kernel tells meanwhile: that is told later.
    public func pause(seconds: Double) -> Reason {
        wait(seconds, for: [stopping.read])
    }

    /// Whoever waits does so no more. For any thread.
    public func stop() {
        stopping.write.withLockedValue { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }

    private func wait(_ seconds: Double, for descriptors: [CInt]) -> Reason {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Interrupted, it is as if the time were over: a look more does no harm.
        let count = poll(&polled, nfds_t(polled.count), CInt(seconds * 1000))
        if stopping.write.withLockedValue({ $0 < 0 }) { return .stopped }
        guard count > 0 else { return .time }
        drain()
        return .told
    }

    private func drain() {
        var told = [UInt8](repeating: 0, count: 4096)
        while read(events, &told, told.count) > 0 {}
    }

    #if os(Linux)
        /// Not each write of who keeps the file open: a log in the same folder would wake us for every line.
        private static let changes = UInt32(
            IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF
                | IN_MOVE_SELF | IN_ONLYDIR)
    #endif

    /// The folder of the file, that of each link on the way to it, and that of what the links lead to.
    static func folders(leadingTo path: String) -> Set<String> {
        var folders: Set<String> = []
        var seen: Set<String> = []
        var open = [path]
        while let path = open.popLast(), seen.count < 64 {
            guard seen.insert(path).inserted else { continue }
            folders.insert(PathStep.parent(of: path))
            var place = path
            while place != "/", place != "." {
                let parent = PathStep.parent(of: place)
                if let target = PathStep.target(ofLink: place) {
                    folders.insert(parent)
                    open.append((target.hasPrefix("/") ? target : parent + "/" + target) + path.dropFirst(place.count))
                }
                place = parent
            }
        }
        return folders
    }
}
