import NIOCore
import NIOSSL

extension ConnectionHandler {
    /// Between two responses: answers what has been asked for. A request that has to wait for something becomes a task,
    /// which comes back here when its response is sent.
    func takeRequests() {
        var answered = 0
        while phase == .idle || phase == .receivingHead, let incoming = pollHead() {
            switch incoming {
            case .closed: return closeGracefully()
            case .refused(let refusal): return startRefusal(refusal)
            case .request(let head):
                let isOthersTurn = answered == Self.mostAtOnce
                guard answer(head, atOnce: !isOthersTurn) else { return }
                answered += 1
            }
        }
    }

    /// - Returns: Whether the response is sent, and another request may follow.
    private func answer(_ head: RequestHead, atOnce: Bool) -> Bool {
        let began = NIODeadline.now()
        requestBegan = began
        let request: Request
        do throws(RequestError) {
            request = try makeRequest(head)
        } catch {
            start(.refusal(error, head), began: began)
            return false
        }
        // A client that asks without taking the answers must not make them pile up.
        guard atOnce, head.framing == .none, context?.channel.isWritable == true,
            let response = loop.core.handler.respondAtOnce(to: request)
        else {
            start(.request(request, head), began: began)
            return false
        }
        guard response.body.isSmall else {
            start(.answer(response, request, head), began: began)
            return false
        }
        loop.answeredAtOnce(began)
        let plan = begin(response, head)
        do {
            _ = try send(response, plan, requestID: request.id)
        } catch {
            abort()
            finished(response, to: request, id: request.id, began: began, .clientLeft)
            return false
        }
        if plan.staysOpen { prepareForNext() } else { closeGracefully() }
        finished(response, to: request, id: request.id, began: began, .complete)
        return plan.staysOpen
    }

    /// Of what was not understood.
    func startRefusal(_ refusal: RequestError) {
        requestBegan = .now()
        start(.refusal(refusal, nil), began: requestBegan)
    }

    private func start(_ work: RequestTask.Work, began: NIODeadline) {
        loop.tasks.start(RequestTask(connection: LoopBoundConnection(self), work: work, began: began))
    }

    /// - Throws: If a trusted proxy tells of its client what cannot be understood.
    private func makeRequest(_ head: RequestHead) throws(RequestError) -> Request {
        let proxies = configuration.trustedProxies
        // A proxy that speaks for itself, or for somebody it does not know, has nothing to tell of a client.
        let forwarding = try Forwarding(
            head.headers, from: sourceAddress, through: source == .proxyItself ? nil : proxies)
        let body: RequestBody =
            switch head.framing {
            case .none: RequestBody(source: .none, length: 0)
            case .length(let length):
                RequestBody(source: .connection(LoopBoundConnection(self), serial: serial), length: length)
            case .chunked: RequestBody(source: .connection(LoopBoundConnection(self), serial: serial), length: nil)
            }
        return Request(
            id: (forwarding.isBelieved ? head.requestID : nil) ?? loop.requestIDs.next(), head: head, body: body,
            clientAddress: forwarding.client, isSecure: forwarding.isSecure ?? isSecure,
            forwarding: proxies == nil ? .unconfigured : forwarding.isBelieved ? .believed : .ignored,
            clientCertificates: isSecure ? clientCertificates : [])
    }

    /// Decides how a response goes out; from here on its body may be written.
    func begin(_ response: Response, _ head: RequestHead?) -> ResponsePlan {
        let plan = ResponsePlan(response, head: head, mayStay: mayStay(response))
        sentBytes = 0
        owesContinue = false
        outgoing = plan.outgoing
        return plan
    }

    /// Reports what became of a response.
    ///
    /// - Parameters:
    ///   - firstByte: When its beginning had been handed to the kernel; nil where that was when all of it was.
    ///   - end: When it ended; nil for now.
    func finished(
        _ response: Response, to request: Request?, id: String, began: NIODeadline, firstByte: NIODeadline? = nil,
        end: NIODeadline? = nil, _ outcome: Exchange.Outcome
    ) {
        let end = end ?? .now()
        let first = firstByte ?? (outcome == .complete ? end : nil)
        loop.core.handler.finished(
            Exchange(
                request: request, requestID: id, status: response.status, bytesSent: sentBytes,
                // Where the head was not understood, the body is the one before.
                bytesReceived: request == nil ? 0 : body.taken,
                nanoseconds: (end - began).nanoseconds,
                firstByteNanoseconds: first.map { ($0 - began).nanoseconds }, outcome: outcome,
                clientAddress: request?.clientAddress ?? sourceAddress, note: response.note))
    }

    /// Whether the connection may carry another request after this response, as far as our side goes.
    private func mayStay(_ response: Response) -> Bool {
        guard !isRetiring, !isInputClosed, !isRefused else { return false }
        // A client that waits for "100 Continue" may or may not send its body after a final response.
        guard !owesContinue else { return false }
        if case .stream = response.body, bodyIsTaken || !body.isFinished { return true }
        return body.remaining <= HTTPServerConfiguration.maxDrainedBytes && bodyError == nil
    }

    var clientCertificates: [NIOSSLCertificate] {
        guard let tls = try? context?.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self) else { return [] }
        return tls.peerCertificate.map { [$0] } ?? []
    }

    /// What one client may have answered before the others on its event loop have their turn.
    private static let mostAtOnce = 16
}
