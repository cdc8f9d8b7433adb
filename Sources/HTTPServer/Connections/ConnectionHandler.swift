import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// The only handler of a plaintext connection: takes requests from its bytes, one after the other, and writes the
/// responses. Everything here happens on the event loop; a request that has to wait for something is a ``RequestTask``,
/// and ``LoopBoundConnection`` its way in.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum Phase {
        case handshaking
        case idle
        case receivingHead
        /// From the complete head to the end of the response.
        case responding
        /// Only reads until the client has seen the last response.
        case lingering
        case closed
    }

    enum Incoming: Sendable {
        case request(RequestHead)
        case refused(RequestError)
        case closed
    }

    let loop: LoopContext
    let isSecure: Bool
    private(set) var source = ConnectionSource.peer
    var context: ChannelHandlerContext?
    var phase: Phase
    var deadline: NIODeadline
    var birth: NIODeadline
    /// When the head of the request under way, or of the last one, had arrived.
    var requestBegan: NIODeadline
    var isAged = false
    /// When the client's certificate ends, or an authority that may have vouched for it, in seconds since 1970; nil where it
    /// showed none.
    var certificateEnd: Int64?
    private let authorityEnd: Int64?
    /// Since then nobody vouches for the client any more.
    var distrustedSince: NIODeadline?
    private let distrusts: Int
    var isInputClosed = false
    /// Nil where the server did not cut the connection.
    private(set) var serverCut: ServerCut?
    /// The task of the request under way, where it has one; cancelled when the client leaves.
    var task: UnsafeCurrentTask?

    // Inbound
    var input = ByteBuffer()
    var headParser = RequestHeadParser()
    var body = RequestBodyDecoder(.none)
    var bodyError: RequestBodyError?
    var bodyIsTaken = false
    /// What of the body is still to come has until then.
    var bodyEnd = NIODeadline.distantFuture
    /// The input is not understood any more; the next response is the last.
    var isRefused = false
    var owesContinue = false
    var bodyWaiter: CheckedContinuation<ByteBuffer?, any Error>?
    var holdsRead = false
    /// Counts requests, so that a body or a writer kept beyond its request is recognised.
    var serial: UInt64 = 0

    // Outbound
    var outgoing = OutgoingBody.none
    var sentBytes: Int64 = 0
    var writeWaiters: [CheckedContinuation<Void, any Error>] = []
    var progress = WriteProgress()

    /// - Parameters:
    ///   - isProxied: Whether a header of the PROXY protocol comes first.
    ///   - authorityEnd: When the next of those who vouch for clients ends.
    init(loop: LoopContext, isSecure: Bool, isProxied: Bool = false, authorityEnd: Int64? = nil) {
        self.authorityEnd = authorityEnd
        self.loop = loop
        self.isSecure = isSecure
        birth = .now()
        requestBegan = birth
        distrusts = loop.distrusts
        phase = isSecure || isProxied ? .handshaking : .idle
        let configuration = loop.configuration
        deadline =
            birth + TimeAmount(phase == .handshaking ? configuration.handshakeTimeout : configuration.idleTimeout)
    }

    var configuration: HTTPServerConfiguration { loop.configuration }
    var isOpen: Bool { phase != .closed && context != nil }
    /// Draining, too old, or not trusted any more: the response under way is the last.
    var isRetiring: Bool { loop.isDraining || isAged || distrustedSince != nil }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        closed()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        guard phase != .lingering, phase != .closed else { return }
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.discardReadBytes()
            input.writeBuffer(&bytes)
        }
        if phase == .idle {
            phase = .receivingHead
            deadline = .now() + TimeAmount(configuration.headerTimeout)
        }
        serveReader()
    }

    /// Reads ahead of the consumer by no more than one buffer's worth.
    func read(context: ChannelHandlerContext) {
        // What nobody has asked for yet may have to wait, with that of thousands of others.
        let most = phase == .responding && bodyIsTaken ? Self.maxReadAhead : Self.maxReadUnasked
        let isWaitedFor = phase != .responding || bodyWaiter != nil
        if phase != .lingering, !isWaitedFor, input.readableBytes >= most {
            holdsRead = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { resumeWriters(.success(())) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputClosed()
        case TLSUserEvent.handshakeCompleted:
            noteCertificate()
            becomeReady()
        default:
            break
        }
    }

    /// A trusted proxy has told whose connection it is.
    func comes(from source: ConnectionSource) {
        self.source = source
        if !isSecure { becomeReady() }
    }

    /// The address that the connection comes from, as far as it tells by itself.
    var sourceAddress: SocketAddress? {
        if case .proxied(let client) = source { return client }
        return context?.channel.remoteAddress
    }

    private func noteCertificate() {
        guard let certificate = clientCertificates.first else { return }
        // Which authority it was is not told: clients of another one simply come again.
        certificateEnd = min(Int64(certificate.notValidAfter), authorityEnd ?? .max)
        // It was judged by an authority that went in the middle of the handshake; or long ago, in a session resumed now.
        if loop.distrusts != distrusts { return distrust() }
        checkCertificate(seconds: loop.core.now())
    }

    private func becomeReady() {
        guard phase == .handshaking else { return }
        phase = .idle
        deadline = .now() + TimeAmount(configuration.idleTimeout)
        serveReader()
        if distrustedSince != nil { closeIfIdle() }
    }

    /// Cuts the connection for the server's own reasons: the client is not to blame.
    func cut(_ why: ServerCut) {
        guard isOpen else { return }
        serverCut = serverCut ?? why
        abort()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that leaves without close_notify; `inputClosed` follows.
        if case .uncleanShutdown? = error as? NIOSSLError { return }
        loop.core.logger.debug("connection failed", metadata: ["error": "\(error)"])
        abort()
    }

    /// A client that has closed its side is taken to have left: what is waited for on its behalf is cancelled. A
    /// response that is already there is still written, for those that only closed one direction.
    private func inputClosed() {
        isInputClosed = true
        switch phase {
        case .handshaking, .lingering: abort()
        case .idle, .receivingHead: serveReader()
        case .responding:
            if body.isFinished { task?.cancel() }
            serveReader()
        case .closed: break
        }
    }

    /// Gives a waiting reader what it waits for, where it is there; between responses, takes the next request.
    func serveReader() {
        if let waiter = bodyWaiter, let result = pollBody() {
            bodyWaiter = nil
            // How long the reader takes for what it has got is not the client's fault.
            deadline = .distantFuture
            waiter.resume(with: result)
        }
        takeRequests()
    }

    func resumeRead() {
        guard holdsRead, let context else { return }
        holdsRead = false
        context.read()
    }

    func resumeWriters(_ result: Result<Void, any Error>) {
        guard !writeWaiters.isEmpty else { return }
        let waiters = writeWaiters
        writeWaiters = []
        for waiter in waiters { waiter.resume(with: result) }
    }

    private func closed() {
        guard phase != .closed else { return }
        phase = .closed
        loop.remove(self)
        loop.core.connectionClosed()
        input = ByteBuffer()
        task?.cancel()
        serveReader()
        resumeWriters(.failure(BodyWriteError.connectionClosed))
    }

    private static let maxReadAhead = 64 * 1024
    private static let maxReadUnasked = 4 * 1024
}
