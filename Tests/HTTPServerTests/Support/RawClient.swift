import NIOCore
import NIOPosix
import NIOSSL

/// Speaks bytes to a server, so that tests can send what no HTTP client would.
final class RawClient {
    struct Response: Equatable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    enum Failure: Error {
        case closedEarly(received: String)
    }

    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let channel: any Channel
    private var received = ByteBuffer()
    /// The connection was reset, or TLS ended without `close_notify`.
    private(set) var sawUncleanEnd = false

    private init(
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, _ channel: any Channel
    ) {
        self.outbound = outbound
        self.inbound = inbound
        self.channel = channel
    }

    /// Connects, runs `body` and closes.
    ///
    /// - Parameter preface: Sent before TLS begins.
    static func with<Result>(
        _ address: SocketAddress, tls: NIOSSLContext? = nil, receiveBuffer: Int? = nil, preface: String? = nil,
        _ body: (RawClient) async throws -> Result
    ) async throws -> Result {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: false)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: numericCast(receiveBuffer))
        }
        let channel = try await bootstrap.connect(to: address) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let preface { try channel.pipeline.syncOperations.addHandler(Preface(preface)) }
                if let tls {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: nil))
                }
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel,
                    // Takes no more from the socket than it is asked for, nearly.
                    configuration: .init(
                        backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1),
                        isOutboundHalfClosureEnabled: false))
            }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawClient(outbound, inbound.makeAsyncIterator(), channel.channel))
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    func send(_ bytes: ByteBuffer) async throws { try await outbound.write(bytes) }

    /// Closes the sending direction only.
    func finishSending() async throws { try await channel.close(mode: .output) }

    func leave() async throws { try await channel.close() }

    /// Everything until the server closes; a reset counts as a close.
    func rest() async -> String {
        while let bytes = try? await inbound.next() { received.writeImmutableBuffer(bytes) }
        return take(received.readableBytes)
    }

    func response(bodiless: Bool = false) async throws -> Response {
        let head = try await text(through: "\r\n\r\n")
        var lines = head.split(separator: "\r\n")
        let status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingPrefix(" ").description
        }
        var body = ""
        if bodiless {
        } else if let length = headers["content-length"].flatMap({ Int($0) }) {
            body = try await text(count: length)
        } else if headers["transfer-encoding"] == "chunked" {
            while true {
                // Swift takes a carriage return and line feed for one character.
                let size = try await text(through: "\r\n").dropLast()
                let chunk = try await text(count: Int(size, radix: 16)! + 2).dropLast()
                if chunk.isEmpty { break }
                body += chunk
            }
        }
        return Response(status: status, headers: headers, body: body)
    }

    func peerCertificate() async throws -> NIOSSLCertificate? {
        try await channel.nioSSL_peerCertificate().get()
    }

    func text(count: Int) async throws -> String {
        while received.readableBytes < count { try await more() }
        return take(count)
    }

    func text(through end: String) async throws -> String {
        while true {
            let text = String(buffer: received)
            if let range = text.firstRange(of: end) {
                return take(text.utf8.distance(from: text.startIndex, to: range.upperBound))
            }
            try await more()
        }
    }

    private func more() async throws {
        do {
            guard let bytes = try await inbound.next() else {
                throw Failure.closedEarly(received: String(buffer: received))
            }
            received.writeImmutableBuffer(bytes)
        } catch let error where !(error is Failure) {
            sawUncleanEnd = true
            throw error
        }
    }

    private func take(_ count: Int) -> String { received.readString(length: count) ?? "" }
}

/// Sends bytes before all others.
private final class Preface: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let text: String

    init(_ text: String) { self.text = text }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        context.fireChannelActive()
    }
}
