#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import NIOConcurrencyHelpers

/// How many bytes all files of a spool may have together. Those that somebody still reads count, as they take room on the
/// disk whatever became of their names.
final class SpoolRoom: Sendable {
    /// What one file has taken; given back when nobody holds it any more.
    final class Share: Sendable {
        private let room: SpoolRoom
        private let taken = NIOLockedValueBox<Int64>(0)

        fileprivate init(_ room: SpoolRoom) { self.room = room }

        deinit {
            let taken = taken.withLockedValue { $0 }
            room.left.withLockedValue { $0 += taken }
        }

        /// False if there is not so much, with the reason in `errno`.
        func take(_ bytes: Int64) -> Bool {
            let isTaken = room.left.withLockedValue { left in
                guard bytes <= left else { return false }
                left -= bytes
                return true
            }
            guard isTaken else {
                errno = ENOSPC
                return false
            }
            taken.withLockedValue { $0 += bytes }
            return true
        }
    }

    private let left: NIOLockedValueBox<Int64>

    /// - Parameter capacity: Bytes.
    init(_ capacity: Int64) {
        left = NIOLockedValueBox(capacity)
    }

    func share() -> Share { Share(self) }
}
