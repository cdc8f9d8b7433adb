import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

struct AcceptPauseTests {
    private func channel(_ isScarce: NIOLockedValueBox<Bool>) throws -> (EmbeddedChannel, EmbeddedEventLoop) {
        let loop = EmbeddedEventLoop()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let handler = AcceptPause(logger: logger, asksAfter: 0) { _ in isScarce.withLockedValue { $0 } }
        return (EmbeddedChannel(handler: handler, loop: loop), loop)
    }

    private func isAccepting(_ channel: EmbeddedChannel) throws -> Bool {
        channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool ?? true
    }

    @Test
    func `no connections are accepted while descriptors are scarce, and again when they are not`() throws {
        let isScarce = NIOLockedValueBox(false)
        let (channel, loop) = try channel(isScarce)
        channel.pipeline.fireChannelReadComplete()
        #expect(try isAccepting(channel))
        isScarce.withLockedValue { $0 = true }
        channel.pipeline.fireChannelReadComplete()
        #expect(try !isAccepting(channel))
        loop.advanceTime(by: .seconds(60))
        #expect(try !isAccepting(channel))
        isScarce.withLockedValue { $0 = false }
        loop.advanceTime(by: .seconds(1))
        #expect(try isAccepting(channel))
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func `what accept refuses is not asked for again at once`(code: CInt) throws {
        let (channel, loop) = try channel(NIOLockedValueBox(false))
        channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
        #expect(try !isAccepting(channel))
        loop.advanceTime(by: .seconds(1))
        #expect(try isAccepting(channel))
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test
    func `a client that left before it was accepted stops nothing`() throws {
        let (channel, _) = try channel(NIOLockedValueBox(false))
        channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
        #expect(try isAccepting(channel))
        #expect(throws: IOError.self) { try channel.throwIfErrorCaught() }
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test(arguments: [(64, 48), (1024, 768), (4096, 3584), (1_048_576, 1_048_064)])
    func `a quarter of the descriptors, at most 512, is kept for requests under way`(limit: Int, begins: Int) {
        #expect(DescriptorReserve(limit: limit).begins == begins)
    }
}
