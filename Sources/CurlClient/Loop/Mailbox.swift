import NIOConcurrencyHelpers
import NIOCore

/// Bounded bytes between the curl thread and the one task that reads a response.
///
/// libcurl hands over at most 16 KiB a callback. The mailbox gathers these in larger chunks and wakes the reader
/// once a chunk is full or the thread has read all it can, instead of 65 000 times for each GiB.
final class Mailbox: Sendable {
    /// What the curl thread is to do after a call from the reader's side.
    enum Wish: Sendable {
        case resume
        case abort
    }

    /// Bytes, where nothing else is wanted.
    static let highMark = CurlSettings.usualReadAhead
    static let lowMark = highMark / 2

    let state: NIOLockedValueBox<MailboxState>
    /// Called without the lock held.
    private let wish: @Sendable (Wish) -> Void
    let host: String

    /// - Parameter highMark: How many bytes wait unread before the transfer pauses.
    init(host: String, highMark: Int = Mailbox.highMark, wish: @escaping @Sendable (Wish) -> Void) {
        self.host = host
        self.wish = wish
        state = NIOLockedValueBox(MailboxState(highMark: highMark))
    }

    // MARK: the curl thread's side

    enum Delivery {
        case taken
        /// Nothing was taken; deliver the same bytes again after the reader's wish to resume.
        case full
        case abandoned
    }

    func deliver(_ bytes: UnsafeRawBufferPointer, expecting remaining: Int64?) -> Delivery {
        let (delivery, wakeUp) = state.withLockedValue { state in
            let delivery = state.append(bytes, expecting: remaining)
            return (delivery, state.takeWakeUp())
        }
        wakeUp?()
        return delivery
    }

    func deliver(head: ResponseHead) {
        state.withLockedValue { $0.head = head }
    }

    /// The thread has nothing more at the moment: what has been gathered may be read.
    func publish() {
        let wakeUp = state.withLockedValue { state in
            state.isGathering = false
            return state.takeWakeUp()
        }
        wakeUp?()
    }

    /// `nil` for success. The first end counts.
    func finish(_ error: CurlError?) {
        let wakeUp = state.withLockedValue { state in
            state.finish(error)
            return state.takeWakeUp()
        }
        wakeUp?()
    }

    // MARK: the reader's side

    func head() async throws(CurlError) -> ResponseHead {
        let result = await wait { state, continuation in
            state.headReader = continuation
        }
        return try result.get()
    }

    /// The next gathered bytes, `nil` at the end.
    func next(isolation: isolated (any Actor)?) async throws(CurlError) -> ByteBuffer? {
        let (ready, resumes) = state.withLockedValue { state in
            (state.take(), state.takeResume())
        }
        if resumes { wish(.resume) }
        if let ready { return try ready.get() }
        // Here the mailbox was all but empty, so that the transfer is not paused and needs no resuming below.
        return try await wait(isolation: isolation) { state, continuation in
            state.bodyReader = continuation
        }.get()
    }

    /// The reader has gone: the transfer, if it still runs, is pointless.
    func abandon() {
        let (wakeUp, running) = state.withLockedValue { state in
            let running = !state.isFinished
            state.abandon(CurlError(.cancelled, "the transfer was cancelled", host: host))
            return (state.takeWakeUp(), running)
        }
        wakeUp?()
        if running { wish(.abort) }
    }

    /// How many bytes are held now.
    var waiting: Int { state.withLockedValue { $0.held } }

    /// The transfer waits until the reader has taken half of what is held.
    var isPaused: Bool { state.withLockedValue { $0.isPaused } }

    /// The most bytes that were ever held at once.
    var highWater: Int { state.withLockedValue { $0.highWater } }

    private func wait<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ park: (inout MailboxState, CheckedContinuation<Result<Value, CurlError>, Never>) -> Void
    ) async -> Result<Value, CurlError> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, CurlError>, Never>) in
                let wakeUp = state.withLockedValue { state in
                    precondition(state.headReader == nil && state.bodyReader == nil, "a response has one reader")
                    park(&state, continuation)
                    return state.takeWakeUp()
                }
                wakeUp?()
            }
        } onCancel: {
            abandon()
        }
    }
}
