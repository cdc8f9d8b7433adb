import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1)))
struct RequestTurnsTests {
    private let loop = NIOAsyncTestingEventLoop()

    private func party(_ address: String) throws -> RequestTurns.Party {
        RequestTurns.Party(try SocketAddress(ipAddress: address, port: 1))
    }

    private func turns(most: Int = 1, waiting: Int = 10) -> RequestTurns {
        RequestTurns(RequestTurns.Limits(most: most, mostWaiting: waiting, patience: .seconds(5)))
    }

    /// Lets requests wait one after the other, and returns the order in which they are let in.
    private func order(_ names: [(String, RequestTurns.Party)], _ turns: RequestTurns) async -> [String] {
        let (stream, admitted) = AsyncStream<String>.makeStream()
        return await withTaskGroup(of: Void.self) { tasks in
            for (number, (name, party)) in names.enumerated() {
                tasks.addTask {
                    if await turns.wait(party, on: loop) { admitted.yield(name) }
                }
                while turns.waiting <= number { await Task.yield() }
            }
            var order: [String] = []
            var iterator = stream.makeAsyncIterator()
            for _ in names {
                turns.giveBack()
                if let name = await iterator.next() { order.append(name) }
            }
            await tasks.waitForAll()
            return order
        }
    }

    @Test func eachClientIsServedInTurnHoweverManyOneSends() async throws {
        let turns = turns()
        #expect(turns.takeAtOnce())
        let (noisy, quiet) = (try party("192.0.2.1"), try party("192.0.2.2"))
        let order = await order(
            [("n1", noisy), ("n2", noisy), ("n3", noisy), ("q1", quiet), ("n4", noisy), ("q2", quiet)], turns)
        #expect(order == ["n1", "q1", "n2", "q2", "n3", "n4"])
        turns.giveBack()
        #expect(turns.inUse == 0)
    }

    @Test func whoHasTheMostWaitingGivesOneUpForWhoHasFewer() async throws {
        let turns = turns(waiting: 3)
        #expect(turns.takeAtOnce())
        let (noisy, quiet) = (try party("192.0.2.1"), try party("2001:db8::1"))
        await withTaskGroup(of: (String, Bool).self) { tasks in
            for number in 1...3 {
                tasks.addTask { ("n\(number)", await turns.wait(noisy, on: loop)) }
                while turns.waiting < number { await Task.yield() }
            }
            // Nobody has more than itself.
            #expect(await !turns.wait(noisy, on: loop))
            tasks.addTask { ("q", await turns.wait(quiet, on: loop)) }
            let displaced = await tasks.next()
            #expect(displaced?.0 == "n3")
            #expect(displaced?.1 == false)
            turns.giveBack()
            #expect(await tasks.next()?.0 == "n1")
            turns.giveBack()
            let quietly = await tasks.next()
            #expect(quietly?.0 == "q")
            #expect(quietly?.1 == true)
            turns.giveBack()
            #expect(await tasks.next()?.1 == true)
        }
    }

    @Test func nobodyWaitsForEver() async throws {
        let turns = turns()
        #expect(turns.takeAtOnce())
        let party = try party("192.0.2.1")
        async let late = turns.wait(party, on: loop)
        while turns.waiting < 1 { await Task.yield() }
        await loop.advanceTime(by: .seconds(5))
        #expect(await !late)
        let cancelled = Task { await turns.wait(party, on: loop) }
        cancelled.cancel()
        #expect(await !cancelled.value)
        #expect(turns.waiting == 0)
    }

    @Test func moreRoomLetsThemInAtOnce() async throws {
        let turns = turns()
        #expect(turns.takeAtOnce())
        async let next = turns.wait(try party("192.0.2.1"), on: loop)
        while turns.waiting < 1 { await Task.yield() }
        // Nobody is overtaken.
        #expect(!turns.takeAtOnce())
        turns.adjust(RequestTurns.Limits(most: 2, mostWaiting: 10, patience: .seconds(5)))
        #expect(try await next)
        #expect(turns.inUse == 2)
    }

    @Test func theAddressesOfOneHostAreOneParty() throws {
        #expect(try party("2001:db8::1") == party("2001:db8::ffff"))
        #expect(try party("2001:db8::1") != party("2001:db8:0:1::1"))
        #expect(try party("192.0.2.1") != party("192.0.2.2"))
        #expect(RequestTurns.Party(nil) == RequestTurns.Party(nil))
        #expect(try party("::1") != party("0.0.0.0"))
    }

    @Test func aListenerOnBothVersionsTellsIPv4ClientsApart() throws {
        #expect(try party("::ffff:192.0.2.1") != party("::ffff:192.0.2.2"))
        #expect(try party("::ffff:192.0.2.1") == party("192.0.2.1"))
        #expect(try party("::ffff:192.0.2.1") != party("::1"))
        // Only the whole prefix is that of IPv4 addresses.
        #expect(try party("2001:db8::ffff:c000:201") == party("2001:db8::ffff:c000:202"))
        #expect(try party("::fffe:192.0.2.1") == party("::fffe:192.0.2.2"))
    }
}
