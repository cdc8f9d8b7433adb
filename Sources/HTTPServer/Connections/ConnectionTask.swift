import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// The task of one connection: one request after the other, on the connection's event loop.
struct ConnectionTask: Sendable {
    let connection: LoopBoundConnection
    let core: ServerCore

    /// Returns when the connection is closed, or closing by itself.
    func run() async {
        await withUnsafeCurrentTask { task in
            let handler = connection.handler
            handler.task = task
            guard handler.isOpen else {
                handler.task = nil
                return
            }
            await serve()
            // The task must not be touched after this closure.
            connection.handler.task = nil
        }
    }

    /// Each request gets a child task, one after the other. What a task's frames took it keeps until it ends: the
    /// child's are gone when the response is, and a connection that only waits holds next to nothing.
    private func serve() async {
        await withDiscardingTaskGroup { requests in
            while true {
                switch await withCheckedContinuation({ connection.handler.awaitHead($0) }) {
                case .closed:
                    if connection.handler.isOpen { connection.handler.closeGracefully() }
                    return
                case .refused(let refusal):
                    requests.addTask { await refuse(refusal) }
                case .request(let head):
                    requests.addTask {
                        if await answer(head) { connection.handler.becomeIdle() }
                    }
                }
            }
        }
    }

    /// - Returns: whether another request may follow.
    private func answer(_ head: RequestHead) async -> Bool {
        let began = NIODeadline.now()
        let request: Request
        do throws(Refusal) {
            request = try makeRequest(head)
        } catch {
            let id = head.requestID ?? connection.handler.loop.requestIDs.next()
            return await send(core.handler.refuse(error, requestID: id), to: nil, head: head, id: id, began: began)
        }
        guard core.admitRequest() else {
            let response = core.handler.refuse(.tooManyRequests, requestID: request.id)
            return await send(response, to: request, head: head, id: request.id, began: began)
        }
        let response = await core.handler.respond(to: request)
        let goesOn = await send(response, to: request, head: head, id: request.id, began: began)
        core.requestFinished()
        return goesOn
    }

    /// - Throws: If a trusted proxy tells of its client what cannot be understood.
    private func makeRequest(_ head: RequestHead) throws(Refusal) -> Request {
        let handler = connection.handler
        let proxies = handler.configuration.trustedProxies
        // A proxy that speaks for itself, or for somebody it does not know, has nothing to tell of a client.
        let forwarding = try Forwarding(
            head.headers, from: handler.sourceAddress, through: handler.source == .proxyItself ? nil : proxies)
        let body: RequestBody =
            switch head.framing {
            case .none: RequestBody(source: .none, length: 0)
            case .length(let length):
                RequestBody(source: .connection(connection, serial: handler.serial), length: length)
            case .chunked: RequestBody(source: .connection(connection, serial: handler.serial), length: nil)
            }
        return Request(
            id: head.requestID ?? handler.loop.requestIDs.next(), head: head, body: body,
            clientAddress: forwarding.client, isSecure: forwarding.isSecure ?? connection.isSecure,
            forwarding: proxies == nil ? .unconfigured : forwarding.isBelieved ? .believed : .ignored,
            clientCertificates: connection.isSecure ? handler.clientCertificates : [])
    }

    private func refuse(_ refusal: Refusal) async {
        let began = NIODeadline.now()
        let id = connection.handler.loop.requestIDs.next()
        let response = core.handler.refuse(refusal, requestID: id)
        _ = await send(response, to: nil, head: nil, id: id, began: began)
    }

    /// Sends a response and settles what becomes of the connection.
    /// - Parameter head: nil where the request was not understood.
    /// - Returns: whether another request may follow.
    private func send(
        _ response: Response, to request: Request?, head: RequestHead?, id: String, began: NIODeadline
    ) async -> Bool {
        let handler = connection.handler
        let plan = ResponsePlan(response, head: head, mayStay: handler.mayStay(response))
        handler.sentBytes = 0
        handler.owesContinue = false
        handler.outgoing = plan.outgoing
        let serial = handler.serial
        var outcome = Exchange.Outcome.complete
        do {
            let isUnfinished = try handler.send(
                response,
                head: { buffer in
                    core.headEncoder.encode(
                        response, length: plan.length, connection: plan.connection, requestID: id,
                        date: handler.loop.date.current(), into: &buffer)
                }, sendsBody: plan.sendsBody)
            if isUnfinished {
                switch response.body {
                case .file(let slice): try await connection.write(slice, serial: serial)
                case .stream(_, let produce):
                    try await produce(BodyWriter(sink: .connection(connection, serial: serial)))
                case .empty, .bytes: break
                }
                try connection.handler.finishBody()
            }
            // A client that asks without taking the answers must not make them pile up.
            try await connection.writable()
        } catch {
            outcome = settleFailure(error, requestID: id)
        }
        let goesOn = outcome == .complete ? await afterResponse(staysOpen: plan.staysOpen) : false
        core.handler.finished(
            Exchange(
                request: request, requestID: id, status: response.status, bytesSent: connection.handler.sentBytes,
                duration: .nanoseconds((NIODeadline.now() - began).nanoseconds), outcome: outcome,
                clientAddress: request?.clientAddress ?? connection.handler.sourceAddress,
                note: response.note))
        return goesOn
    }

    private func settleFailure(_ error: any Error, requestID: String) -> Exchange.Outcome {
        let handler = connection.handler
        let clientLeft = !handler.isOpen || handler.isInputClosed
        if !clientLeft {
            core.logger.notice(
                "response cut short", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
        } else {
            core.logger.debug(
                "client left during response", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
        }
        handler.abort()
        return clientLeft ? .clientLeft : .failed
    }

    /// Gets the connection ready for its next request, or closes it.
    private func afterResponse(staysOpen: Bool) async -> Bool {
        let handler = connection.handler
        if staysOpen, await drainBody() { return true }
        handler.closeGracefully()
        return false
    }

    /// Reads what the handler left of the request's body, within bounds.
    private func drainBody() async -> Bool {
        let handler = connection.handler
        guard !handler.body.isFinished else { return handler.bodyError == nil }
        guard handler.bodyError == nil, handler.body.remaining <= HTTPServerConfiguration.maxDrainedBytes else {
            return false
        }
        var drained: Int64 = 0
        do {
            while let chunk = try await connection.nextBodyChunk(serial: handler.serial, first: false) {
                drained += Int64(chunk.readableBytes)
                guard drained <= HTTPServerConfiguration.maxDrainedBytes else { return false }
            }
            return true
        } catch {
            return false
        }
    }
}
