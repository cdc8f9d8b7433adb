import NIOCore

extension ConnectionHandler {
    /// The next head, a refusal, or the end; nil where more bytes are needed.
    func pollHead() -> Incoming? {
        guard isOpen, phase != .lingering else { return .closed }
        guard phase == .idle || phase == .receivingHead else { return nil }
        if input.readableBytes > 0 {
            do throws(RequestError) {
                if let head = try headParser.next(from: &input, maxBytes: configuration.maxHeaderBytes) {
                    begin(head)
                    return .request(head)
                }
            } catch {
                phase = .responding
                isRefused = true
                deadline = .distantFuture
                return .refused(error)
            }
        }
        if isInputClosed || isRetiring && phase == .idle { return .closed }
        return nil
    }

    private func begin(_ head: RequestHead) {
        phase = .responding
        deadline = .distantFuture
        serial &+= 1
        body = RequestBodyDecoder(head.framing)
        bodyError = nil
        bodyIsTaken = false
        bodyEnd = .distantFuture
        owesContinue = head.expectsContinue
        if input.readableBytes == 0 { input = ByteBuffer() }
    }

    /// The response is complete: on to the next request.
    func becomeIdle() {
        guard phase == .responding else { return }
        prepareForNext()
        takeRequests()
    }

    func prepareForNext() {
        serial &+= 1
        if input.readableBytes == 0 {
            phase = .idle
            deadline = .now() + TimeAmount(configuration.idleTimeout)
        } else {
            phase = .receivingHead
            deadline = .now() + TimeAmount(configuration.headerTimeout)
        }
        resumeRead()
    }

    /// The next chunk, the end (nil), or an error; nil where more bytes are needed.
    func pollBody() -> Result<ByteBuffer?, any Error>? {
        if let bodyError { return .failure(bodyError) }
        do throws(RequestBodyError) {
            switch try body.next(from: &input) {
            case .data(let data): return .success(data)
            case .finished: return .success(nil)
            case .needsMore: break
            }
        } catch {
            bodyError = error
            return .failure(error)
        }
        guard isOpen, !isInputClosed else {
            bodyError = .connectionClosed
            return .failure(RequestBodyError.connectionClosed)
        }
        return nil
    }

    /// Called by whoever reads the request's body.
    func awaitBody(serial: UInt64, first: Bool, _ continuation: CheckedContinuation<ByteBuffer?, any Error>) {
        guard serial == self.serial else {
            return continuation.resume(throwing: RequestBodyError.requestFinished)
        }
        guard bodyWaiter == nil, !(first && bodyIsTaken) else {
            return continuation.resume(throwing: RequestBodyError.alreadyConsumed)
        }
        bodyIsTaken = true
        if let result = pollBody() {
            owesContinue = false
            resumeRead()
            return continuation.resume(with: result)
        }
        if owesContinue {
            owesContinue = false
            sendContinue()
        }
        deadline = min(.now() + TimeAmount(configuration.bodyStallTimeout), bodyEnd)
        bodyWaiter = continuation
        resumeRead()
    }

    func failBody(_ error: RequestBodyError) {
        bodyError = error
        bodyWaiter.take()?.resume(throwing: error)
    }
}
