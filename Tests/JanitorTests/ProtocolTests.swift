import Testing

@testable import Storage

/// Every order in which the steps of makers of links and of a collector can come, with crashes of the collector.
@Suite struct ProtocolTests {
    /// Whoever makes a link.
    private enum Maker: Hashable {
        /// Links bytes that are there.
        case mounts
        /// Brings them.
        case uploads
    }

    private struct World: Hashable {
        var isThere = true
        var isCondemned = false
        var isSwept = false
        var links: [Bool]
        var makers: [LinkMaking]
        var isAcknowledged: [Bool]
        var wasDeleted: [Bool]
        var removal = Removal()
        var rounds = 0
        var crashes = 0
    }

    private struct Model {
        var kinds: [Maker]
        var rounds = 3
        var crashes = 1
        var looksAgain = true
        var isHasty = false

        var start: World {
            var maker = LinkMaking()
            maker.looksAgain = looksAgain
            var world = World(
                links: kinds.map { _ in false }, makers: kinds.map { _ in maker },
                isAcknowledged: kinds.map { _ in false }, wasDeleted: kinds.map { _ in false })
            world.removal.isHasty = isHasty
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
            next.append(contentsOf: collectorSteps(world))
            return next
        }

        private func step(_ world: World, maker index: Int) -> World? {
            var after = world
            let found: Bool
            switch world.makers[index].operation {
            case .lookForCondemnation: found = world.isCondemned
            case .rescue: (after.isCondemned, found) = (false, true)
            case .lookForSweep: found = world.isSwept
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

        private func collectorSteps(_ world: World) -> [World] {
            var next: [World] = []
            if let after = collectorStep(world) { next.append(after) }
            if world.crashes < crashes, world.removal.operation != .end {
                var after = world
                after.crashes += 1
                begin(&after)
                next.append(after)
            }
            return next
        }

        /// A round begins by finishing what another left.
        private func begin(_ world: inout World) {
            world.removal = world.isSwept ? .resumed : Removal()
            world.removal.isHasty = isHasty
        }

        func collectorStep(_ world: World) -> World? {
            var after = world
            let found: Bool
            switch world.removal.operation {
            case .lookForRipeMark, .lookForMark: found = world.isCondemned
            case .lookForReferences: found = world.links.contains(true)
            case .condemn: (after.isCondemned, found) = (true, true)
            case .absolve: (after.isCondemned, found) = (false, true)
            case .decide:
                found = world.isCondemned
                if found { (after.isCondemned, after.isSwept) = (false, true) }
            case .remove: (after.isThere, found) = (false, true)
            case .endSweep: (after.isSwept, found) = (false, true)
            case .end:
                guard world.rounds < rounds else { return nil }
                after.rounds += 1
                begin(&after)
                return after
            }
            after.removal.advance(found)
            return after
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
            kinds.indices.allSatisfy { step(world, maker: $0) == nil } && world.removal.operation == .end
        }

        private func outlives(_ world: World) -> Bool {
            var world = world
            world.rounds = rounds - 2
            while let after = collectorStep(world) { world = after }
            return world.isThere
        }
    }

    @Test(arguments: [[0, 0], [0, 1], [1, 1], [0], [1]]) func nothingAcknowledgedIsLostInAnyOrder(kinds: [Int]) {
        let model = Model(kinds: kinds.map { $0 == 0 ? .mounts : .uploads })
        let (lost, worlds) = model.check()
        #expect(lost == nil)
        #expect(worlds > 500, "only \(worlds) were looked at")
    }

    @Test(arguments: [[0], [1], [0, 1]]) func whatNothingRefersToIsGoneAfterTwoRounds(kinds: [Int]) {
        #expect(Model(kinds: kinds.map { $0 == 0 ? .mounts : .uploads }).leftover() == nil)
    }

    @Test func whoDoesNotLookAgainLosesContent() {
        #expect(Model(kinds: [.mounts], looksAgain: false).check().lost != nil)
    }

    @Test func aCollectorThatRemovesWhatItCondemnedInTheSameRoundLosesContent() {
        #expect(Model(kinds: [.mounts, .uploads], isHasty: true).check().lost != nil)
    }
}
