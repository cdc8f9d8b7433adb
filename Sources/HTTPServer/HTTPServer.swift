public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import NIOPosix
import NIOSSL
public import ServiceLifecycle

/// An HTTP/1.1 listener in front of one ``RequestHandler``.
///
/// It knows HTTP and TLS and no route. A request whose answer has to wait for something is a task on the event loop of its
/// socket: code between two awaits never changes threads, and a client that leaves cancels it. Files go out by
/// `sendfile(2)`. Everything a client can make it hold is bounded by ``HTTPServerConfiguration``.
///
/// On graceful shutdown it stops accepting, closes idle connections at once, lets responses under way finish with
/// `Connection: close`, and cuts what is left after ``HTTPServerConfiguration/shutdownGrace``.
public final class HTTPServer: Service {
    private let core: ServerCore
    private let tls: TLSContextBox?
    private let group: any EventLoopGroup
    let loops = NIOLockedValueBox<LoopContexts?>(nil)
    private let onBound: @Sendable (SocketAddress) -> Void
    private let onGraceOver: @Sendable () -> Void

    /// - Parameters:
    ///   - now: seconds since 1970, by which certificates end; nil for the system's clock.
    ///   - onBound: called once, when connections are accepted, with the address in use.
    ///   - onGraceOver: called once, when what is left after ``HTTPServerConfiguration/shutdownGrace`` is about to be cut: what
    ///     requests wait for should end, as they are waited for.
    public init(
        configuration: HTTPServerConfiguration, handler: any RequestHandler, logger: Logger,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        now: (@Sendable () -> Int64)? = nil,
        onBound: @escaping @Sendable (SocketAddress) -> Void = { _ in },
        onGraceOver: @escaping @Sendable () -> Void = {}
    ) {
        let now = now ?? ServerCore.systemTime
        core = ServerCore(configuration: configuration, handler: handler, logger: logger, now: now)
        tls = configuration.tls.map { TLSContextBox($0, now: now) }
        group = eventLoopGroup
        self.onBound = onBound
        self.onGraceOver = onGraceOver
    }

    /// Makes new connections use another certificate; those that are open keep theirs. Where an authority for clients is
    /// taken away, connections of clients with certificates end: idle ones at once, others after the response under way,
    /// within a minute. Nothing happens on a listener that serves in the clear.
    public func replaceTLS(with material: TLSMaterial) {
        guard tls?.replace(with: material) == true else { return }
        loops.withLockedValue { $0 }?.distrustCertificates()
    }

    /// Makes other limits and time-outs hold: admission at once, a time-out from when it next begins to run. Address, port
    /// and TLS stay as they are.
    public func adjust(_ configuration: HTTPServerConfiguration) async {
        core.adjust(configuration)
        await loops.withLockedValue { $0 }?.adjust(configuration)
    }

    public var activity: HTTPServerActivity { core.activity }

    /// Serves until shut down.
    /// - Throws: ``ListenError`` when the address cannot be bound.
    public func run() async throws {
        let loops = try await LoopContexts(core: core, group: group)
        self.loops.withLockedValue { $0 = loops }
        // In case it changed while the loops were made.
        await loops.adjust(core.configuration)
        let listener: any Channel
        do {
            listener = try await bind(loops)
        } catch {
            await loops.close()
            throw ListenError(core.configuration, error)
        }
        listener.closeFuture.whenComplete { [core] _ in
            core.beginDraining()
            loops.drain()
        }
        if let address = listener.localAddress { onBound(address) }
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await loops.serve() }
                tasks.addTask { await self.shutDownWhenTold(listener, loops) }
                await tasks.next()
                tasks.cancelAll()
            }
        } onCancel: {
            core.beginDraining()
            listener.close(promise: nil)
            loops.abortAll()
        }
        await loops.close()
    }

    private func shutDownWhenTold(_ listener: any Channel, _ loops: LoopContexts) async {
        do {
            try await gracefulShutdown()
            // Closing it drains the loops.
            listener.close(promise: nil)
            try await Task.sleep(for: core.configuration.shutdownGrace)
        } catch {
            // Cancelled: everything is closed, or being closed by the cancellation handler.
            return
        }
        onGraceOver()
        loops.abortAll()
        try? await Task.sleep(for: .seconds(1))
    }

    private func bind(_ loops: LoopContexts) async throws -> any Channel {
        let core = core
        let tls = tls
        let open: @Sendable (any Channel) throws -> Void = { try Self.open($0, core: core, tls: tls, loops: loops) }
        return try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        AcceptPause(logger: core.logger), ConnectionOpener(open))
                }
            }
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            // What is accepted has this from the listener: a system call less for each connection.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    do { try open(channel) } catch {
                        // Nobody else closes a channel that never became a connection.
                        channel.close(promise: nil)
                        throw error
                    }
                }
            }
            .bind(host: core.configuration.address, port: core.configuration.port).get()
    }

    /// At once and not one after the other: as the bootstrap's options they would cost a connection a tenth of its price.
    private static func setOptions(of channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        // A write that took a part only would not take more at once: asking again is a system call for nothing.
        try options.setOption(.writeSpin, value: 0)
        try options.setOption(.allowRemoteHalfClosure, value: true)
        try options.setOption(.maxMessagesPerRead, value: 1)
        // Most heads fit, and a connection that waits keeps its buffer.
        try options.setOption(
            .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 512, maximum: 65536))
        try options.setOption(
            .writeBufferWaterMark,
            value: .init(low: HTTPServerConfiguration.maxUnsentBytes / 2, high: HTTPServerConfiguration.maxUnsentBytes))
    }

    private static func open(
        _ channel: any Channel, core: ServerCore, tls: TLSContextBox?, loops: LoopContexts
    ) throws {
        let loop = loops.context(of: channel.eventLoop)
        guard !loop.isDraining else { throw ConnectionRefusedError() }
        let isProxied = loop.configuration.trustedProxies.map { proxies in
            proxies.speakProxyProtocol && channel.remoteAddress.map(proxies.contains) ?? false
        }
        try setOptions(of: channel)
        let tls = try tls?.current()
        guard core.admitConnection() else { throw ConnectionRefusedError() }
        let handler = ConnectionHandler(
            loop: loop, isSecure: tls != nil, isProxied: isProxied ?? false, authorityEnd: tls?.authorityEnd)
        // From here on the handler gives the place back when it is removed.
        try channel.pipeline.syncOperations.addHandler(handler)
        if let tls {
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(context: tls.context), position: .first)
        }
        if isProxied == true {
            try channel.pipeline.syncOperations.addHandler(ProxyHeaderHandler(handler), position: .first)
        }
    }
}

/// More connections than configured, or none any more.
struct ConnectionRefusedError: Error {}
