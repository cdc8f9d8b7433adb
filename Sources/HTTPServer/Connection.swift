import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// The task of one connection: one request after the other, on the connection's event loop.
struct Connection: Sendable {
    let handle: ConnectionHandle
    let core: ServerCore

    /// Returns when the connection is closed, or closing by itself.
    func run() async {
        await withUnsafeCurrentTask { task in
            let handler = handle.handler
            handler.task = task
            guard handler.isOpen else {
                handler.task = nil
                return
            }
            await serve()
            // The task must not be touched after this closure.
            handle.handler.task = nil
        }
    }

    private func serve() async {
        while true {
            switch await nextHead() {
            case .closed:
                if handle.handler.isOpen { handle.handler.closeGracefully() }
                return
            case .refused(let refusal):
                await refuse(refusal)
                return
            case .request(let head):
                guard await answer(head) else { return }
                handle.handler.becomeIdle()
            }
        }
    }

    private func nextHead() async -> ConnectionHandler.Incoming {
        if let incoming = handle.handler.pollHead() { return incoming }
        return await withCheckedContinuation { handle.handler.awaitHead($0) }
    }

    /// - Returns: whether another request may follow.
    private func answer(_ head: RequestHead) async -> Bool {
        let began = NIODeadline.now()
        let request = makeRequest(head)
        guard core.admitRequest() else {
            let response = core.handler.refuse(.tooManyRequests, requestID: request.id)
            return await send(response, to: request, head: head, id: request.id, began: began)
        }
        let response = await core.handler.respond(to: request)
        let goesOn = await send(response, to: request, head: head, id: request.id, began: began)
        core.requestFinished()
        return goesOn
    }

    private func makeRequest(_ head: RequestHead) -> Request {
        let handler = handle.handler
        let body: RequestBody =
            switch head.framing {
            case .none: RequestBody(source: .none, length: 0)
            case .length(let length):
                RequestBody(source: .connection(handle, serial: handler.serial), length: length)
            case .chunked: RequestBody(source: .connection(handle, serial: handler.serial), length: nil)
            }
        return Request(
            id: head.requestID ?? handler.loop.requestIDs.next(), head: head, body: body,
            remoteAddress: handler.context?.channel.remoteAddress, isSecure: handle.isSecure,
            clientCertificates: handle.isSecure ? handler.clientCertificates : [])
    }

    private func refuse(_ refusal: Refusal) async {
        let began = NIODeadline.now()
        let id = handle.handler.loop.requestIDs.next()
        let response = core.handler.refuse(refusal, requestID: id)
        _ = await send(response, to: nil, head: nil, id: id, began: began)
    }

    /// Sends a response and settles what becomes of the connection.
    /// - Parameter head: nil where the request was not understood.
    /// - Returns: whether another request may follow.
    private func send(
        _ response: Response, to request: Request?, head: RequestHead?, id: String, began: NIODeadline
    ) async -> Bool {
        let handler = handle.handler
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
                case .file(let slice): try await handle.write(slice, serial: serial)
                case .stream(_, let produce): try await produce(BodyWriter(connection: handle, serial: serial))
                case .empty, .bytes: break
                }
                try handle.handler.finishBody()
            }
        } catch {
            outcome = settleFailure(error, requestID: id)
        }
        let goesOn = outcome == .complete ? await afterResponse(staysOpen: plan.staysOpen) : false
        core.handler.finished(
            Exchange(
                request: request, requestID: id, status: response.status, bytesSent: handle.handler.sentBytes,
                duration: .nanoseconds((NIODeadline.now() - began).nanoseconds), outcome: outcome,
                remoteAddress: request?.remoteAddress ?? handle.handler.context?.channel.remoteAddress,
                note: response.note))
        return goesOn
    }

    private func settleFailure(_ error: any Error, requestID: String) -> Exchange.Outcome {
        let handler = handle.handler
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
        let handler = handle.handler
        if staysOpen, await drainBody(), await takesMore() { return true }
        handler.closeGracefully()
        return false
    }

    /// Reads what the handler left of the request's body, within bounds.
    private func drainBody() async -> Bool {
        let handler = handle.handler
        guard !handler.body.isFinished else { return handler.bodyError == nil }
        guard handler.bodyError == nil, handler.body.remaining <= HTTPServerConfiguration.maxDrainedBytes else {
            return false
        }
        var drained: Int64 = 0
        do {
            while let chunk = try await handle.nextBodyChunk(serial: handler.serial, first: false) {
                drained += Int64(chunk.readableBytes)
                guard drained <= HTTPServerConfiguration.maxDrainedBytes else { return false }
            }
            return true
        } catch {
            return false
        }
    }

    /// Waits until the client has taken most of the response: a client that sends requests without reading must not
    /// make responses pile up.
    private func takesMore() async -> Bool {
        do {
            try await handle.writable()
            return handle.handler.isOpen
        } catch {
            return false
        }
    }
}
