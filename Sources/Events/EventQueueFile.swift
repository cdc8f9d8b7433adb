internal import FoundationEssentials

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Events on disk, in the order in which they came, until they were delivered. All of it blocks; one caller at a time.
///
/// A folder with segments of a line for each event, and a file that says up to where they were delivered. A process that is
/// killed loses nothing that was appended: at worst an event is delivered once more.
final class EventQueueFile {
    /// A place behind a line.
    struct Position: Equatable {
        var segment: Int
        var offset: Int
    }

    /// Bytes, after which another segment is begun.
    static let segmentSize = 4 << 20

    private let folder: String
    private let limit: Int
    private var delivered: Position
    /// Bytes of each segment.
    private var sizes: [Int: Int] = [:]
    private var descriptor: CInt = -1

    /// - Parameter limit: Bytes that may lie there.
    init(folder: String, limit: Int) throws(EventQueueError) {
        self.folder = folder
        self.limit = limit
        delivered = Position(segment: 1, offset: 0)
        try Self.make(folder)
        try readSegments()
        readPosition()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Bytes that wait to be delivered.
    var waiting: Int { sizes.values.reduce(0, +) - delivered.offset }

    /// Appends lines, as many of them as there is room for: of `lesser` ones, which come first, only as long as a quarter
    /// of all the room is left.
    /// - Returns: How many.
    func append(_ lines: [String], after lesser: [String] = []) throws(EventQueueError) -> Int {
        var count = 0
        var bytes: [UInt8] = []
        let waiting = waiting
        for (lines, limit) in [(lesser, limit - limit / 4), (lines, limit)] {
            for line in lines {
                guard waiting + bytes.count + line.utf8.count + 1 <= limit else { break }
                bytes.append(contentsOf: line.utf8)
                bytes.append(UInt8(ascii: "\n"))
                count += 1
            }
        }
        guard count > 0 else { return 0 }
        let segment = try openLast()
        var written = 0
        while written < bytes.count {
            let step = bytes.withUnsafeBytes { Self.systemWrite(descriptor, $0, from: written) }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else {
                let failure = EventQueueError("cannot write to \(path(segment))")
                // No half of a line stays.
                ftruncate(descriptor, off_t(sizes[segment] ?? 0))
                throw failure
            }
            written += step
        }
        sizes[segment, default: 0] += bytes.count
        return count
    }

    /// The next lines to be delivered, and the place behind them; nil if there are none.
    func next(atMost most: Int) throws(EventQueueError) -> (lines: [String], end: Position)? {
        while let size = sizes[delivered.segment], delivered.offset >= size,
            sizes.keys.contains(where: { $0 > delivered.segment })
        {
            try acknowledge(Position(segment: delivered.segment + 1, offset: 0))
        }
        guard let size = sizes[delivered.segment], delivered.offset < size else { return nil }
        let bytes = try read(delivered.segment, from: delivered.offset, most: min(size - delivered.offset, 1 << 20))
        var lines: [String] = []
        var start = 0
        while lines.count < most, let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end + 1
        }
        guard !lines.isEmpty else {
            // Longer than any line that is written: not ours.
            try acknowledge(Position(segment: delivered.segment, offset: delivered.offset + bytes.count))
            return nil
        }
        return (lines, Position(segment: delivered.segment, offset: delivered.offset + start))
    }

    /// Notes that everything before the place was delivered.
    func acknowledge(_ position: Position) throws(EventQueueError) {
        let temporary = "\(folder)/position.new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw EventQueueError("cannot write \(temporary)") }
        let text = Array("\(position.segment) \(position.offset)\n".utf8)
        let count = text.withUnsafeBytes { Self.systemWrite(file, $0, from: 0) }
        close(file)
        guard count == text.count, rename(temporary, "\(folder)/position") == 0 else {
            throw EventQueueError("cannot write \(folder)/position")
        }
        delivered = position
        for segment in sizes.keys where segment < position.segment {
            unlink(path(segment))
            sizes[segment] = nil
        }
    }

    private func path(_ segment: Int) -> String {
        let number = String(segment)
        return "\(folder)/" + String(repeating: "0", count: max(0, 12 - number.utf8.count)) + number + ".events"
    }

    private func openLast() throws(EventQueueError) -> Int {
        var last = sizes.keys.max() ?? delivered.segment
        if sizes[last] ?? 0 >= Self.segmentSize {
            last += 1
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
        if descriptor < 0 {
            descriptor = open(path(last), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw EventQueueError("cannot write to \(path(last))") }
            sizes[last] = sizes[last] ?? 0
        }
        return last
    }

    private func readSegments() throws(EventQueueError) {
        guard let directory = opendir(folder) else { throw EventQueueError("cannot read \(folder)") }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".events"), let number = Int(name.dropLast(".events".count)) else { continue }
            var status = stat()
            guard stat(path(number), &status) == 0 else { continue }
            sizes[number] = Int(status.st_size)
        }
        guard let last = sizes.keys.max(), let size = sizes[last], size > 0 else { return }
        // What a dying process wrote half of was never acknowledged to anybody.
        let tail = try read(last, from: max(0, size - (1 << 20)), most: min(size, 1 << 20))
        let end = tail.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard end < tail.count else { return }
        let whole = size - (tail.count - end)
        guard truncate(path(last), off_t(whole)) == 0 else { throw EventQueueError("cannot shorten \(path(last))") }
        sizes[last] = whole
    }

    private func readPosition() {
        let first = sizes.keys.min() ?? 1
        delivered = Position(segment: first, offset: 0)
        guard let data = FileManager.default.contents(atPath: "\(folder)/position") else { return }
        let numbers = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard numbers.count == 2 else { return }
        if let size = sizes[numbers[0]], (0...size).contains(numbers[1]) {
            delivered = Position(segment: numbers[0], offset: numbers[1])
        } else if sizes.isEmpty {
            delivered = Position(segment: max(1, numbers[0]), offset: 0)
        }
    }

    private func read(_ segment: Int, from offset: Int, most: Int) throws(EventQueueError) -> [UInt8] {
        let file = open(path(segment), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw EventQueueError("cannot read \(path(segment))") }
        defer { close(file) }
        var count = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, initialized in
            count = pread(file, buffer.baseAddress, most, off_t(offset))
            initialized = max(0, count)
        }
        guard count >= 0 else { throw EventQueueError("cannot read \(path(segment))") }
        return bytes
    }

    private static func make(_ folder: String) throws(EventQueueError) {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += path.isEmpty && part.isEmpty ? "/" : path.isEmpty || path == "/" ? String(part) : "/\(part)"
            guard !path.isEmpty, path != "/" else { continue }
            if mkdir(path, 0o700) != 0, errno != EEXIST { throw EventQueueError("cannot make \(path)") }
        }
    }

    private static func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer, from offset: Int) -> Int {
        write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
    }
}

/// That the folder cannot be read or written, and why.
struct EventQueueError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}
