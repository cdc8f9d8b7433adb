import Testing

@testable import Storage

/// Every order in which the steps of makers of links and of a collector can come, with crashes of the collector.
///
/// One case after the other: they compute for long, and tests with sockets wait for a processor beside them.
@Suite(.serialized) struct ProtocolTests {
    /// Whoever makes a link.
    private enum Maker: Hashable {
        /// Links bytes that are there.
        case mounts
        /// Brings them.
        case uploads
    }

    private struct World: Hashable {
        var isThere = true
        /// Marks are numbered; 0 is none.
        var condemned = 0
        var links: [Bool]
        var makers: [LinkMaking]
        var isAcknowledged: [Bool]
        var wasDeleted: [Bool]
        var collectors: [Collector]
        var crashes = 0
        var lastMark = 0
    }

    private struct Collector: Hashable {
        var removal = Removal()
        /// The mark that it found before it looked at references.
        var seen = 0
        /// The mark that it moved.
        var swept = 0
        var rounds = 0
        /// Where a move is a copy and a deletion.
        var move = MoveByCopy()
        /// The mark that its move began with.
        var moving = 0
        /// The mark that a copy has read which has not appeared yet.
        var read = 0

        /// Whether it holds the claim that lets one of several move the mark.
        var isMoving: Bool { removal.operation == .decide && move.operation != .look }
    }

    private struct Model {
        var kinds: [Maker]
        var collectors = 1
        var rounds = 3
        var crashes = 1
        var looksAgain = true
        var isHasty = false
        var isTrusting = false
        /// Whether a move is a copy, which reads and appears at different times, and a deletion.
        var movesByCopy = false
        var looksAgainAfterCopy = true
        /// Whether a mover knows the mark that it copied from any other.
        var tellsMarks = true
        /// Whether a mark is taken back by moving it, for which the collector's claim stands in the way.
        var rescuesByMoving = false

        var start: World {
            var maker = LinkMaking()
            maker.looksAgain = looksAgain
            var world = World(
                links: kinds.map { _ in false }, makers: kinds.map { _ in maker },
                isAcknowledged: kinds.map { _ in false }, wasDeleted: kinds.map { _ in false },
                collectors: (0..<collectors).map { _ in Collector() })
            for index in world.collectors.indices { begin(&world.collectors[index]) }
            return world
        }

        /// All worlds that one step of somebody leads to.
        func successors(_ world: World) -> [World] {
            var next: [World] = []
            for index in kinds.indices { if let after = step(world, maker: index) { next.append(after) } }
            for index in kinds.indices where world.isAcknowledged[index] && !world.wasDeleted[index] {
                // A client deletes what it pushed.
                var after = world
                after.links[index] = false
                after.wasDeleted[index] = true
                next.append(after)
            }
            for index in world.collectors.indices {
                if let after = step(world, collector: index) { next.append(after) }
                if world.crashes < crashes, world.collectors[index].removal.operation != .end {
                    var after = world
                    after.crashes += 1
                    begin(&after.collectors[index])
                    next.append(after)
                }
            }
            return next
        }

        private func step(_ world: World, maker index: Int) -> World? {
            var after = world
            let found: Bool
            switch world.makers[index].operation {
            case .lookForCondemnation: found = world.condemned != 0
            case .rescue:
                if !rescuesByMoving || !world.collectors.contains(where: \.isMoving) { after.condemned = 0 }
                found = true
            case .lookForSweep: found = world.collectors.contains { $0.swept != 0 }
            case .lookForTarget:
                if kinds[index] == .uploads, !world.links[index] { after.isThere = true }
                found = after.isThere
            case .link: (after.links[index], found) = (true, true)
            case .succeed:
                guard !world.isAcknowledged[index] else { return nil }
                after.isAcknowledged[index] = true
                return after
            case .fail:
                guard world.links[index] else { return nil }
                after.links[index] = false
                return after
            }
            after.makers[index].advance(found)
            return after
        }

        /// A round begins by taking back what its collector decided before it died.
        private func begin(_ collector: inout Collector) {
            collector.removal = Removal()
            collector.removal.isHasty = isHasty
            collector.removal.isTrusting = isTrusting
            (collector.seen, collector.swept, collector.moving, collector.read) = (0, 0, 0, 0)
            collector.move = MoveByCopy()
            collector.move.looksAgain = looksAgainAfterCopy
        }

        func step(_ world: World, collector index: Int) -> World? {
            var after = world
            let found: Bool
            switch world.collectors[index].removal.operation {
            case .lookForRipeMark:
                after.collectors[index].seen = world.condemned
                found = world.condemned != 0
            case .lookForMark: found = world.condemned != 0
            case .lookForReferences: found = world.links.contains(true)
            case .condemn:
                after.lastMark += 1
                (after.condemned, found) = (after.lastMark, true)
                if isHasty { after.collectors[index].seen = after.lastMark }
            case .absolve: (after.condemned, found) = (0, true)
            case .decide where movesByCopy:
                guard let isMoved = move(&after, index) else { return after }
                found = isMoved
            case .decide:
                found = world.condemned != 0
                if found { (after.collectors[index].swept, after.condemned) = (world.condemned, 0) }
            case .verify: found = world.collectors[index].swept == world.collectors[index].seen
            case .remove: (after.isThere, found) = (false, true)
            case .endSweep: (after.collectors[index].swept, found) = (0, true)
            case .end:
                guard world.collectors[index].rounds < rounds else { return nil }
                after.collectors[index].rounds += 1
                begin(&after.collectors[index])
                return after
            }
            after.collectors[index].removal.advance(found)
            return after
        }

        /// One step of a move by copy.
        ///
        /// - Returns: Whether the mark is moved; nil as long as that is open.
        private func move(_ world: inout World, _ index: Int) -> Bool? {
            var own = world.collectors[index]
            defer { world.collectors[index] = own }
            func isStillThere() -> Bool { tellsMarks ? world.condemned == own.moving : world.condemned != 0 }
            switch own.move.operation {
            case .look:
                own.moving = world.condemned
                own.move.advance(world.condemned != 0)
            case .copy where own.read != 0:
                (own.swept, own.read) = (own.read, 0)
                own.move.advance(true)
            case .copy:
                if isStillThere() { own.read = world.condemned } else { own.move.advance(false) }
            case .lookAgain: own.move.advance(isStillThere())
            case .deleteSource:
                world.condemned = 0
                own.move.advance(true)
            case .succeed: return true
            case .fail: return false
            }
            return nil
        }

        /// The first world found in which something acknowledged is lost; nil if there is none. And how many there are.
        func check() -> (lost: World?, worlds: Int) {
            var seen: Set<World> = [start]
            var open = [start]
            while let world = open.popLast() {
                for index in kinds.indices where world.isAcknowledged[index] && !world.wasDeleted[index] {
                    if !world.isThere || !world.links[index] { return (world, seen.count) }
                }
                for after in successors(world) where seen.insert(after).inserted { open.append(after) }
            }
            return (nil, seen.count)
        }

        /// A world in which everybody is done and nobody refers to the bytes, and they outlive two rounds; nil if there is
        /// none.
        func leftover() -> World? {
            var seen: Set<World> = [start]
            var open = [start]
            while let world = open.popLast() {
                if isQuiet(world), !world.links.contains(true), outlives(world) { return world }
                for after in successors(world) where seen.insert(after).inserted { open.append(after) }
            }
            return nil
        }

        private func isQuiet(_ world: World) -> Bool {
            kinds.indices.allSatisfy { step(world, maker: $0) == nil }
                && world.collectors.allSatisfy { $0.removal.operation == .end }
        }

        private func outlives(_ world: World) -> Bool {
            var world = world
            world.collectors[0].rounds = rounds - 2
            while let after = step(world, collector: 0) { world = after }
            return world.isThere
        }
    }

    @Test(arguments: [[0, 0], [0, 1], [1, 1], [0], [1]], [false, true])
    func nothingAcknowledgedIsLostInAnyOrder(kinds: [Int], movesByCopy: Bool) {
        var model = Model(kinds: kinds.map { $0 == 0 ? .mounts : .uploads })
        model.movesByCopy = movesByCopy
        let (lost, worlds) = model.check()
        #expect(lost == nil)
        #expect(worlds > 500, "only \(worlds) were looked at")
    }

    @Test(arguments: [[0], [1], [0, 1]], [false, true])
    func whatNothingRefersToIsGoneAfterTwoRounds(kinds: [Int], movesByCopy: Bool) {
        var model = Model(kinds: kinds.map { $0 == 0 ? .mounts : .uploads })
        model.movesByCopy = movesByCopy
        #expect(model.leftover() == nil)
    }

    @Test(arguments: [false, true]) func whoDoesNotLookAgainLosesContent(movesByCopy: Bool) {
        #expect(Model(kinds: [.mounts], looksAgain: false, movesByCopy: movesByCopy).check().lost != nil)
    }

    /// Replicas whose lease was forgotten; where moves are copies, in a bucket that lets nobody claim anything.
    @Test(arguments: [0, 1], [false, true])
    func nothingAcknowledgedIsLostBesideTwoCollectors(kind: Int, movesByCopy: Bool) {
        let model = Model(
            kinds: [kind == 0 ? .mounts : .uploads], collectors: 2, rounds: 2, movesByCopy: movesByCopy)
        let (lost, worlds) = model.check()
        #expect(lost == nil)
        #expect(worlds > 500, "only \(worlds) were looked at")
    }

    @Test(arguments: [false, true])
    func aCollectorThatTakesAnothersMarkForItsOwnLosesContent(movesByCopy: Bool) {
        let model = Model(kinds: [.mounts], collectors: 2, rounds: 2, isTrusting: true, movesByCopy: movesByCopy)
        #expect(model.check().lost != nil)
    }

    @Test(arguments: [false, true])
    func aCollectorThatRemovesWhatItCondemnedInTheSameRoundLosesContent(movesByCopy: Bool) {
        #expect(Model(kinds: [.mounts, .uploads], isHasty: true, movesByCopy: movesByCopy).check().lost != nil)
    }

    /// The copy has read the mark, and appears when it was taken back and nothing was seen of it.
    @Test func aCollectorThatTakesACopyForAMoveLosesContent() {
        #expect(Model(kinds: [.mounts], movesByCopy: true, looksAgainAfterCopy: false).check().lost != nil)
    }

    @Test func aCollectorThatFindsAnothersMarkAfterItsCopyLosesContent() {
        let model = Model(kinds: [.mounts], collectors: 2, rounds: 2, movesByCopy: true, tellsMarks: false)
        #expect(model.check().lost != nil)
    }

    @Test func whoGivesWayToTheCollectorsClaimLosesContent() {
        #expect(Model(kinds: [.mounts], movesByCopy: true, rescuesByMoving: true).check().lost != nil)
    }
}
