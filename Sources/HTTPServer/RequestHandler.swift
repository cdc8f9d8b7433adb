/// What stands behind the edge. Called on the connection's event loop: nothing here may block a thread.
public protocol RequestHandler: Sendable {
    /// Answers a request. The surrounding task is cancelled when the client leaves.
    func respond(to request: Request) async -> Response

    /// Answers a request without a body for which nothing has to be waited for; nil where something has, or might have: then
    /// ``respond(to:)`` is asked. What is answered here costs neither a task nor a turn of the event loop.
    func respondAtOnce(to request: Request) -> Response?

    /// Gives the words for a request that never reached ``respond(to:)``. The status should be
    /// ``RequestError/status``; the edge decides whether the connection stays open.
    func refuse(_ refusal: RequestError, requestID: String) -> Response

    /// Called once for every response, after its last byte was handed to the kernel or its connection was cut.
    func finished(_ exchange: Exchange)
}

extension RequestHandler {
    public func respondAtOnce(to request: Request) -> Response? { nil }

    public func finished(_ exchange: Exchange) {}
}
