import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import CurlClient

@Suite struct MailboxTests {
    private let wishes = NIOLockedValueBox<[Mailbox.Wish]>([])
    private let mailbox: Mailbox

    init() {
        mailbox = Mailbox(host: "test.invalid") { [wishes] wish in wishes.withLockedValue { $0.append(wish) } }
    }

    private static let piece = 16 << 10

    @discardableResult
    private func deliver(_ byte: UInt8 = 0, count: Int = piece, expecting: Int64? = nil) -> Mailbox.Delivery {
        Array(repeating: byte, count: count).withUnsafeBytes { mailbox.deliver($0, expecting: expecting) }
    }

    /// - Returns: how many bytes went in.
    private func fill() -> Int {
        var count = 0
        while deliver() == .taken { count += Self.piece }
        return count
    }

    private func next() async throws(CurlError) -> ByteBuffer? {
        try await mailbox.next(isolation: nil)
    }

    /// The task that reads has come as far as to wait.
    private var hasReader: Bool { mailbox.state.withLockedValue { $0.bodyReader != nil } }

    private var asked: [Mailbox.Wish] { wishes.withLockedValue { $0 } }

    /// Runs `work` once a reader waits in the mailbox: reading is all that task does.
    private func read(whileWaiting work: @escaping @Sendable () -> Void) async throws -> ByteBuffer? {
        try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { try await next() }
            while !hasReader { await Task.yield() }
            work()
            return try await group.next() ?? nil
        }
    }

    @Test func whatIsGatheredIsReadInOrderAndInOnePiece() async throws {
        for byte in UInt8(0)..<2 { #expect(deliver(byte, count: 100) == .taken) }
        mailbox.finish(nil)
        let expected = Array(repeating: UInt8(0), count: 100) + Array(repeating: 1, count: 100)
        #expect(try await next() == ByteBuffer(bytes: expected))
        #expect(try await next() == nil)
        #expect(try await next() == nil, "the end stays")
        #expect(asked.isEmpty)
    }

    @Test func aWaitingReaderIsToldByPublishNotByEachDelivery() async throws {
        let buffer = try await read {
            for _ in 0..<3 { deliver(count: 1000) }
            #expect(hasReader, "the thread gathers on")
            mailbox.publish()
            #expect(!hasReader)
        }
        #expect(buffer?.readableBytes == 3000)
    }

    @Test func aWaitingReaderIsToldWhenAChunkIsFull() async throws {
        let buffer = try await read {
            for _ in 0..<3 { deliver() }
        }
        #expect(buffer?.readableBytes == 2 * Self.piece)
        #expect(mailbox.waiting == Self.piece)
    }

    @Test func aWaitingReaderIsToldOfTheEnd() async throws {
        #expect(try await read { mailbox.finish(nil) } == nil)
    }

    @Test func nothingIsTakenBeyondTheHighMark() {
        #expect(fill() == Mailbox.highMark)
        #expect(deliver(count: 1) == .full)
        #expect(mailbox.waiting == Mailbox.highMark)
        #expect(mailbox.highWater == Mailbox.highMark)
        #expect(asked.isEmpty)
    }

    @Test func aPieceLargerThanTheMarkIsTakenWhenNothingWaits() async throws {
        let size = Mailbox.highMark + 1
        #expect(deliver(7, count: size) == .taken)
        #expect(deliver(count: 1) == .full)
        mailbox.finish(nil)
        var count = 0
        while let buffer = try await next() { count += buffer.readableBytes }
        #expect(count == size)
    }

    @Test func aPausedTransferIsResumedOnceAtTheLowMark() async throws {
        var held = fill()
        while held > Mailbox.lowMark {
            #expect(asked.isEmpty)
            held -= try await next()?.readableBytes ?? held
            #expect(mailbox.waiting == held)
        }
        #expect(asked == [.resume])
        _ = try await next()
        #expect(asked == [.resume])
        _ = fill()
        while mailbox.waiting > Mailbox.lowMark { _ = try await next() }
        #expect(asked == [.resume, .resume])
    }

    @Test func bytesComeBeforeTheErrorThatFollowedThem() async throws {
        let error = CurlError(.cutShort, "cut", host: "test.invalid")
        deliver(count: 10)
        mailbox.finish(error)
        mailbox.finish(nil)
        #expect(try await next()?.readableBytes == 10)
        await #expect(throws: error) { try await next() }
        await #expect(throws: error, "the error stays") { try await next() }
        #expect(deliver() == .abandoned)
    }

    @Test func aReaderThatGoesFreesWhatIsHeldAndAbortsOnce() async throws {
        _ = fill()
        mailbox.abandon()
        mailbox.abandon()
        #expect(asked == [.abort])
        #expect(mailbox.waiting == 0)
        #expect(deliver() == .abandoned)
        let error = await #expect(throws: CurlError.self) { try await next() }
        #expect(error?.code == .cancelled)
    }

    @Test func aReaderThatGoesAfterTheEndAbortsNothing() {
        mailbox.finish(nil)
        mailbox.abandon()
        #expect(asked.isEmpty)
    }

    @Test func aCancelledReaderAborts() async {
        let code = await withTaskGroup(of: CurlError.Code?.self) { group in
            group.addTask {
                do throws(CurlError) {
                    _ = try await next()
                    return nil
                } catch {
                    return error.code
                }
            }
            while !hasReader { await Task.yield() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(code == .cancelled)
        #expect(asked == [.abort])
    }

    @Test func theHeadComesAloneOrWithAnError() async throws {
        var head = ResponseHead()
        for line in ["HTTP/1.1 204 No Content\r\n", "\r\n"] {
            _ = Array(line.utf8).withUnsafeBytes { head.append(line: $0, limit: 100) }
        }
        mailbox.deliver(head: head)
        mailbox.finish(nil)
        #expect(try await mailbox.head().status == 204)
        let other = Mailbox(host: "test.invalid") { _ in }
        let error = CurlError(.connect, "refused", host: "test.invalid")
        other.finish(error)
        await #expect(throws: error) { try await other.head() }
    }

    @Test(arguments: [(pieces: 2, comes: false), (pieces: 3, comes: true)])
    func aHeadWaitsForASmallBodyAndForTheFirstChunkOfALargeOne(pieces: Int, comes: Bool) async throws {
        let head = try await withThrowingTaskGroup(of: ResponseHead.self) { group in
            group.addTask { try await mailbox.head() }
            while mailbox.state.withLockedValue({ $0.headReader == nil }) { await Task.yield() }
            mailbox.deliver(head: ResponseHead())
            for _ in 0..<pieces { deliver() }
            #expect(mailbox.state.withLockedValue { $0.headReader == nil } == comes)
            mailbox.publish()
            return try await group.next()
        }
        #expect(head != nil)
    }

    @Test func chunksGrowWithTheFlowAndShrinkWithATrickle() async throws {
        var sizes: [Int] = []
        for _ in 0..<64 { deliver() }
        mailbox.publish()
        while mailbox.waiting > 0 { sizes.append(try await next()?.readableBytes ?? 0) }
        #expect(sizes.prefix(4) == [32 << 10, 64 << 10, 128 << 10, 256 << 10])
        #expect(sizes.allSatisfy { $0 <= MailboxState.largestChunk })
        for _ in 0..<8 {
            deliver(count: 1)
            mailbox.publish()
            #expect(try await next()?.readableBytes == 1)
        }
        deliver(count: 1)
        mailbox.publish()
        let trickle = try #require(try await next())
        #expect(trickle.capacity <= 16 << 10)
    }

    @Test func noMoreIsAllocatedThanIsExpected() async throws {
        deliver(count: 100, expecting: 100)
        mailbox.finish(nil)
        let buffer = try #require(try await next())
        #expect(buffer.capacity <= 128)
    }
}
