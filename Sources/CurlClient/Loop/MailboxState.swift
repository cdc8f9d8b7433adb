import NIOCore

/// What a `Mailbox` keeps under its lock.
struct MailboxState {
    static let smallestChunk = 16 << 10
    static let largestChunk = 512 << 10

    /// Bytes.
    let highMark: Int
    var lowMark: Int { highMark / 2 }

    var head: ResponseHead? {
        didSet { isGathering = true }
    }
    /// The thread is in the middle of a round of reading: `tail` may still grow.
    var isGathering = false
    var headReader: CheckedContinuation<Result<ResponseHead, CurlError>, Never>?
    var bodyReader: CheckedContinuation<Result<ByteBuffer?, CurlError>, Never>?
    private(set) var highWater = 0

    private var chunks = CircularBuffer<ByteBuffer>()
    private var tail = ByteBuffer()
    /// Grows while chunks fill up and shrinks while they do not, so that trickling bytes do not hold large memory.
    private var chunkCapacity = 2 * smallestChunk
    private(set) var held = 0
    private(set) var isPaused = false
    private var end: Result<Void, CurlError>?

    init(highMark: Int) {
        self.highMark = highMark
    }

    var isFinished: Bool { end != nil }

    mutating func append(_ bytes: UnsafeRawBufferPointer, expecting remaining: Int64?) -> Mailbox.Delivery {
        guard end == nil else { return .abandoned }
        guard held == 0 || held + bytes.count <= highMark else {
            isPaused = true
            isGathering = false
            return .full
        }
        isGathering = true
        held += bytes.count
        highWater = max(highWater, held)
        var rest = bytes[...]
        while !rest.isEmpty {
            if tail.writableBytes == 0 { startChunk(expecting: remaining, atLeast: bytes.count) }
            let part = rest.prefix(tail.writableBytes)
            tail.writeBytes(UnsafeRawBufferPointer(rebasing: part))
            rest = rest.dropFirst(part.count)
        }
        return .taken
    }

    private mutating func startChunk(expecting remaining: Int64?, atLeast least: Int) {
        if tail.readableBytes > 0 {
            chunks.append(tail)
            chunkCapacity = min(2 * chunkCapacity, Self.largestChunk)
        }
        let expected = remaining.map { Int(clamping: max($0, 1)) } ?? chunkCapacity
        tail = ByteBufferAllocator().buffer(capacity: min(chunkCapacity, max(expected, least)))
    }

    /// What a reader gets now; `nil` when it has to wait. Bytes that arrived before an error come before it.
    mutating func take() -> Result<ByteBuffer?, CurlError>? {
        if let chunk = chunks.popFirst() {
            held -= chunk.readableBytes
            return .success(chunk)
        }
        if tail.readableBytes > 0, !isGathering {
            let chunk = tail
            tail = ByteBuffer()
            held -= chunk.readableBytes
            if chunk.readableBytes < chunkCapacity / 4 { chunkCapacity = max(chunkCapacity / 2, Self.smallestChunk) }
            return .success(chunk)
        }
        return end.map { end in end.map { nil } }
    }

    /// Whether the transfer is to be resumed now; says so once.
    mutating func takeResume() -> Bool {
        guard isPaused, held <= lowMark else { return false }
        isPaused = false
        return true
    }

    /// Unparks a reader that has something to read; to be called without the lock.
    mutating func takeWakeUp() -> (() -> Void)? {
        if let reader = headReader {
            // A small body comes with its head, for one wake-up; a large one does not keep its first bytes waiting for all
            // that one round of reading brings.
            if let head, !isGathering || !chunks.isEmpty {
                headReader = nil
                return { reader.resume(returning: .success(head)) }
            }
            if case .failure(let error) = end {
                headReader = nil
                return { reader.resume(returning: .failure(error)) }
            }
        } else if let reader = bodyReader, let ready = take() {
            bodyReader = nil
            return { reader.resume(returning: ready) }
        }
        return nil
    }

    mutating func finish(_ error: CurlError?) {
        guard end == nil else { return }
        end = error.map { .failure($0) } ?? .success(())
        isGathering = false
    }

    mutating func abandon(_ error: CurlError) {
        finish(error)
        if case .success = end { end = .failure(error) }
        isGathering = false
        chunks.removeAll()
        tail = ByteBuffer()
        held = 0
        isPaused = false
    }
}
