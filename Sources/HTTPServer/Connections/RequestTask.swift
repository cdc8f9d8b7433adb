import Logging
import NIOCore
import NIOHTTP1

/// One request whose answer has to wait for something, as a task on its connection's event loop.
struct RequestTask: Sendable {
    enum Work: Sendable {
        case request(Request, RequestHead)
        /// The handler has its answer already, and it takes time to send.
        case answer(Response, Request, RequestHead)
        /// Where there is a head, it was understood and what it says of its client was not.
        case refusal(RequestError, RequestHead?)
    }

    let connection: LoopBoundConnection
    let work: Work
    /// When the head had arrived.
    let began: NIODeadline

    /// Returns when the response has been sent and the connection is ready for its next request, or closing.
    func run() async {
        let goesOn = await withUnsafeCurrentTask { task in
            let handler = connection.handler
            guard handler.isOpen else { return false }
            handler.task = task
            // The client left before this began.
            if handler.isInputClosed, handler.body.isFinished { task?.cancel() }
            let goesOn = await carryOut()
            // The task must not be touched after this closure.
            connection.handler.task = nil
            return goesOn
        }
        if goesOn { connection.handler.becomeIdle() }
    }

    /// - Returns: whether another request may follow.
    private func carryOut() async -> Bool {
        let core = connection.handler.loop.core
        switch work {
        case .request(let request, let head):
            let hasPlace =
                core.turns.takeAtOnce()
                ? true
                : await core.turns.wait(
                    RequestTurns.Party(request.clientAddress), on: connection.handler.loop.eventLoop)
            guard hasPlace else {
                return await send(core.handler.refuse(.tooManyRequests, requestID: request.id), to: request, head)
            }
            let response = await core.handler.respond(to: request)
            let delivery = await deliver(response, head, id: request.id)
            // What the client has still to send keeps nobody else waiting.
            core.turns.giveBack()
            return await settle(delivery, response, to: request, id: request.id)
        case .answer(let response, let request, let head):
            return await send(response, to: request, head)
        case .refusal(let refusal, let head):
            let id = connection.handler.loop.requestIDs.next()
            return await send(core.handler.refuse(refusal, requestID: id), to: nil, head, id: id)
        }
    }

    private func send(_ response: Response, to request: Request, _ head: RequestHead) async -> Bool {
        await send(response, to: request, head, id: request.id)
    }

    /// Sends a response and settles what becomes of the connection.
    /// - Returns: whether another request may follow.
    private func send(_ response: Response, to request: Request?, _ head: RequestHead?, id: String) async -> Bool {
        await settle(await deliver(response, head, id: id), response, to: request, id: id)
    }

    /// How the sending of a response went.
    private struct Delivery {
        var outcome = Exchange.Outcome.complete
        /// As far as the response says.
        var staysOpen: Bool
        /// Nil where the head took the whole body along: then the end is it.
        var firstByte: NIODeadline?
        /// Nil for now.
        var end: NIODeadline?
    }

    private func deliver(_ response: Response, _ head: RequestHead?, id: String) async -> Delivery {
        let handler = connection.handler
        let plan = handler.begin(response, head)
        let serial = handler.serial
        var delivery = Delivery(staysOpen: plan.staysOpen)
        do {
            if try handler.send(response, plan, requestID: id) {
                delivery.firstByte = .now()
                switch response.body {
                case .file(let slice): try await connection.write(slice, serial: serial)
                case .stream(_, let produce):
                    try await produce(BodyWriter(sink: .connection(connection, serial: serial)))
                case .empty, .bytes: break
                }
                try connection.handler.finishBody()
            }
            if plan.staysOpen && !handler.isRetiring || !handler.body.isFinished {
                // A client that asks without taking the answers must not make them pile up.
                try await connection.writable()
            } else {
                // What becomes of the last response is seen to its end.
                try await connection.handedToKernel()
            }
        } catch {
            delivery.outcome = settleFailure(error, requestID: id)
        }
        if !connection.handler.body.isFinished { delivery.end = .now() }
        return delivery
    }

    /// Settles what becomes of the connection after a response.
    /// - Returns: whether another request may follow.
    private func settle(
        _ delivery: Delivery, _ response: Response, to request: Request?, id: String
    ) async -> Bool {
        let isComplete = delivery.outcome == .complete
        let goesOn = isComplete ? await afterResponse(staysOpen: delivery.staysOpen) : false
        // Not before: what was read after the response counts as well.
        connection.handler.finished(
            response, to: request, id: id, began: began, firstByte: delivery.firstByte, end: delivery.end,
            delivery.outcome)
        return goesOn
    }

    private func settleFailure(_ error: any Error, requestID: String) -> Exchange.Outcome {
        let handler = connection.handler
        let logger = handler.loop.core.logger
        let clientLeft = handler.serverCut == nil && (!handler.isOpen || handler.isInputClosed)
        if !clientLeft {
            let why = handler.serverCut.map { "\($0)" } ?? "\(error)"
            logger.notice("response cut short", metadata: ["request_id": "\(requestID)", "error": "\(why)"])
        } else {
            logger.debug(
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

    /// Reads what the handler left of the request's body, within bounds of size and time.
    private func drainBody() async -> Bool {
        let handler = connection.handler
        guard !handler.body.isFinished else { return handler.bodyError == nil }
        guard handler.bodyError == nil, handler.body.remaining <= HTTPServerConfiguration.maxDrainedBytes else {
            return false
        }
        handler.bodyEnd = .now() + TimeAmount(HTTPServerConfiguration.drainTimeout)
        var drained: Int64 = 0
        do {
            while let chunk = try await connection.nextBodyChunk(serial: handler.serial, first: false) {
                drained += Int64(chunk.readableBytes)
                guard drained <= HTTPServerConfiguration.maxDrainedBytes, .now() <= handler.bodyEnd else {
                    return false
                }
            }
            return true
        } catch {
            return false
        }
    }
}
