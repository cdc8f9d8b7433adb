import Cluster
import Coordination

/// Replicas that are asked for one blob, a Redis, a store, an upstream and a network between them, in virtual time. All
/// decisions are those of ``FillCourse``, ``LeaseTable`` and ``LeaseTerm``; everything else happens as the seed has it.
struct FillSimulation {
    /// What must never be.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    struct Faults {
        var deaths = true
        var pauses = true
        var losses = true
        var flushes = true
        /// Upstreams that send wrong bytes.
        var lies = false
        var storeFailures = true
    }

    private static let life = Duration.seconds(15)
    private static let chunks = 8
    private static let truth = Array(0..<chunks)
    /// Faults end here, and everything must come to rest soon after.
    private static let faultsEnd = Duration.seconds(120)
    private static let restBy = Duration.seconds(120 + 15 * 8)

    private enum Action {
        case reader(Int)
        /// Comes of a step of a fill.
        case result(Int, turn: Int, FillCourse.Event)
        case granted(Int, turn: Int, Lease, asked: Duration)
        case askArrives(Int, turn: Int, asked: Duration)
        case renew(Int)
        case renewArrives(Int, Lease, asked: Duration)
        case renewed(Int, Lease, Bool, asked: Duration)
        case chunk(Int, transfer: Int)
        case followed(Int, transfer: Int, stalledSince: Duration)
        case readChunk(Int, transfer: Int)
        case look(Int, turn: Int)
        case storeArrives(Int, turn: Int, [Int])
        case releaseArrives(Lease)
        case kill(Int)
        case pause(Int, Duration)
        case flush
    }

    private struct Fill {
        var course = FillCourse()
        let owner: LeaseOwner
        var turn = 0
        /// Bytes so far; what is sent into them has a number, so that old transfers are known as such.
        var spool: [Int] = []
        var transfer = 0
        var isFromUpstream = false
        var isVerified = false
        var progress = 0
        var held: (lease: Lease, term: LeaseTerm)?
        var readers = 0
    }

    private struct Replica {
        var isDead = false
        var pausedUntil: Duration = .zero
        var fill: Fill?
        var waiting = 0
        var served = 0
        var failed = 0
    }

    private let faults: Faults
    private var random: SeededGenerator
    private var now: Duration = .zero
    private var queue: [(time: Duration, order: Int, action: Action)] = []
    private var order = 0
    private var replicas: [Replica]
    private var table = LeaseTable()
    private var stored: [Int]?
    private let key = CoordinationKey(CoordinationKey.Space("fill"), "blob")
    private var isLied = false
    // What is counted.
    private(set) var fetches = 0
    private(set) var kills = 0
    /// Leases that ended without having been given back: their holders died, were stopped or cut off.
    private(set) var lapses = 0
    private(set) var alone = 0
    private(set) var storeFailures = 0
    private(set) var breaks = 0
    private(set) var events = 0

    init(seed: UInt64, faults: Faults = Faults()) {
        self.faults = faults
        random = SeededGenerator(seed: seed)
        replicas = Array(repeating: Replica(), count: Int.random(in: 2...6, using: &random))
        schedule()
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func delay(_ range: ClosedRange<Int> = 1...20) -> Duration {
        // Now and then something takes very long.
        .milliseconds(chance(2) ? Int.random(in: 500...4000, using: &random) : Int.random(in: range, using: &random))
    }

    private mutating func add(_ action: Action, after delay: Duration) {
        order += 1
        queue.append((now + delay, order, action))
        var child = queue.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.isBefore(queue[child], queue[parent]) else { break }
            queue.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() -> (time: Duration, order: Int, action: Action)? {
        guard let first = queue.first else { return nil }
        let last = queue.removeLast()
        guard !queue.isEmpty else { return first }
        queue[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < queue.count {
                if Self.isBefore(queue[child], queue[least]) { least = child }
            }
            if least == parent { return first }
            queue.swapAt(parent, least)
            parent = least
        }
    }

    private static func isBefore(
        _ one: (time: Duration, order: Int, action: Action), _ other: (time: Duration, order: Int, action: Action)
    ) -> Bool { one.time == other.time ? one.order < other.order : one.time < other.time }

    /// Readers and faults, in a time that is full of them.
    private mutating func schedule() {
        for index in replicas.indices {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                add(.reader(index), after: .milliseconds(Int.random(in: 0...20_000, using: &random)))
            }
            // One comes when all is over.
            add(.reader(index), after: Self.faultsEnd + .seconds(1))
            if faults.pauses, chance(40) {
                add(
                    .pause(index, .milliseconds(Int.random(in: 10...40_000, using: &random))),
                    after: .milliseconds(Int.random(in: 0...30_000, using: &random)))
            }
            // Somebody must be left.
            if faults.deaths, index > 0, chance(30) {
                add(.kill(index), after: .milliseconds(Int.random(in: 0...40_000, using: &random)))
            }
        }
        if faults.flushes, chance(15) { add(.flush, after: .milliseconds(Int.random(in: 0...30_000, using: &random))) }
    }

    // MARK: Running

    mutating func run() throws(Violation) {
        while let next = pop() {
            now = next.time
            events += 1
            guard events < 200_000 else { throw Violation(description: "it does not come to rest") }
            if let index = Self.replica(of: next.action) {
                if replicas[index].isDead { continue }
                // A stopped process sees nothing until it wakes; then it sees everything at once.
                if replicas[index].pausedUntil > now {
                    add(next.action, after: replicas[index].pausedUntil - now)
                    continue
                }
            }
            try act(next.action)
        }
        for (index, replica) in replicas.enumerated() where !replica.isDead {
            guard replica.waiting == 0, replica.fill == nil else {
                throw Violation(description: "readers of replica \(index) wait for ever")
            }
            guard replica.failed == 0 || isLied || storeFailures > 0 else {
                throw Violation(description: "a reader of replica \(index) failed without need")
            }
        }
        guard now < Self.restBy else { throw Violation(description: "it came to rest only at \(now)") }
        let allowed = 1 + lapses + alone + breaks + storeFailures
        guard isLied || fetches <= allowed else {
            throw Violation(
                description: "\(fetches) fetches, of which \(allowed) are explained: \(lapses) lost leases, "
                    + "\(alone) without Redis, \(breaks) broken by the upstream, \(storeFailures) failures of the store"
            )
        }
    }

    /// Whom an action happens to; nil where it happens to Redis or the network.
    private static func replica(of action: Action) -> Int? {
        switch action {
        case .reader(let index), .result(let index, _, _), .granted(let index, _, _, _), .renew(let index),
            .renewed(let index, _, _, _), .chunk(let index, _), .followed(let index, _, _), .readChunk(let index, _):
            index
        case .askArrives, .renewArrives, .look, .storeArrives, .releaseArrives, .kill, .pause, .flush: nil
        }
    }

    private mutating func act(_ action: Action) throws(Violation) {
        switch action {
        case .reader(let index): try read(index)
        case .result(let index, let turn, let event):
            guard replicas[index].fill?.turn == turn else { return }
            try take(event, index)
        case .askArrives(let index, let turn, let asked): arrive(index, turn, asked)
        case .granted(let index, let turn, let lease, let asked):
            guard replicas[index].fill?.turn == turn else {
                // Nobody waits for it: it runs out by itself.
                return
            }
            replicas[index].fill?.held = (lease, LeaseTerm(life: Self.life, from: asked))
            add(.renew(index), after: Self.life / 3)
            try take(.granted, index)
        case .renew(let index):
            guard let held = replicas[index].fill?.held else { return }
            if !lost() { add(.renewArrives(index, held.lease, asked: now), after: delay()) }
            add(.renew(index), after: Self.life / 3)
        case .renewArrives(let index, let lease, let asked):
            let isRenewed = table.renew(lease, life: Self.life, now: now)
            if !lost() { add(.renewed(index, lease, isRenewed, asked: asked), after: delay()) }
        case .renewed(let index, let lease, let isRenewed, let asked):
            guard let held = replicas[index].fill?.held, held.lease == lease else { return }
            if isRenewed {
                replicas[index].fill?.held?.term.extend(from: asked)
            } else {
                replicas[index].fill?.held?.term.lose()
            }
        case .chunk(let index, let transfer): try receive(index, transfer)
        case .followed(let index, let transfer, let since): try follow(index, transfer, since)
        case .readChunk(let index, let transfer): try readStored(index, transfer)
        case .look(let index, let turn):
            var event: FillCourse.Event = stored == nil ? .absent : .present
            if faults.storeFailures, now < Self.faultsEnd, chance(3) {
                event = .unknown
                storeFailures += 1
            }
            add(.result(index, turn: turn, event), after: delay())
        case .storeArrives(let index, let turn, let content):
            if faults.storeFailures, now < Self.faultsEnd, chance(5) {
                storeFailures += 1
                add(.result(index, turn: turn, .unwritten), after: delay())
                return
            }
            guard content == Self.truth else { throw Violation(description: "wrong bytes are stored") }
            if let stored, stored != content { throw Violation(description: "two contents differ") }
            stored = content
            add(.result(index, turn: turn, .written), after: delay())
        case .releaseArrives(let lease): table.release(lease)
        case .kill(let index):
            kills += 1
            replicas[index].isDead = true
        case .pause(let index, let length): replicas[index].pausedUntil = max(replicas[index].pausedUntil, now + length)
        case .flush:
            // Held, or run out with nobody having noticed.
            if table.lastGranted(key) != nil { lapses += 1 }
            table.removeAll()
        }
    }

    private mutating func lost() -> Bool { faults.losses && now < Self.faultsEnd && chance(4) }

    // MARK: One replica

    private mutating func read(_ index: Int) throws(Violation) {
        if replicas[index].fill == nil, stored != nil {
            replicas[index].served += 1
            return
        }
        replicas[index].waiting += 1
        if replicas[index].fill == nil {
            replicas[index].fill = Fill(owner: LeaseOwner())
            try take(.begun, index)
        } else if replicas[index].fill?.isVerified == true {
            release(index)
        }
    }

    /// Readers have all of it.
    private mutating func release(_ index: Int) {
        replicas[index].served += replicas[index].waiting
        replicas[index].waiting = 0
    }

    private mutating func take(_ event: FillCourse.Event, _ index: Int) throws(Violation) {
        guard var fill = replicas[index].fill else { return }
        fill.turn += 1
        let step = fill.course.take(event)
        let isLost = fill.held?.term.isOver(now: now) ?? false
        replicas[index].fill = fill
        switch step {
        case .ask:
            if lost() {
                // The answer is waited for, and then nobody.
                add(.result(index, turn: fill.turn, .unavailable), after: .seconds(1))
                alone += 1
            } else {
                add(.askArrives(index, turn: fill.turn, asked: now), after: delay())
            }
        case .look: add(.look(index, turn: fill.turn), after: delay())
        case .rest(let length):
            let jitter = Double.random(in: 0.5...1.5, using: &random)
            add(.result(index, turn: fill.turn, .rested), after: length * jitter)
        case .fetch:
            if isLost { return try take(.overtaken, index) }
            // What is under way goes on.
            if !fill.isFromUpstream {
                fetches += 1
                replicas[index].fill?.isFromUpstream = true
                begin(index)
                let transfer = replicas[index].fill?.transfer ?? 0
                add(.chunk(index, transfer: transfer), after: delay(50...1500))
            }
        case .follow(let owner):
            replicas[index].fill?.isFromUpstream = false
            begin(index)
            replicas[index].fill?.progress = fill.spool.count
            let transfer = replicas[index].fill?.transfer ?? 0
            guard let other = Int(owner.address), !replicas[other].isDead, !lost() else {
                add(.result(index, turn: fill.turn, .unreachable), after: delay())
                return
            }
            if replicas[other].pausedUntil <= now, replicas[other].fill?.course.isLeading != true {
                add(.result(index, turn: fill.turn, .notOwner), after: delay())
                return
            }
            add(.followed(index, transfer: transfer, stalledSince: now), after: delay())
        case .read:
            giveBack(index)
            replicas[index].fill?.isFromUpstream = false
            begin(index)
            replicas[index].fill?.progress = fill.spool.count
            add(.readChunk(index, transfer: replicas[index].fill?.transfer ?? 0), after: delay())
        case .store:
            if isLost { return try take(.overtaken, index) }
            // Whoever is stopped or dies now has sent it all the same.
            add(.storeArrives(index, turn: fill.turn, fill.spool), after: delay(5...500))
        case .end(let outcome):
            giveBack(index)
            switch outcome {
            case .stored, .unstored: release(index)
            case .failed:
                replicas[index].failed += replicas[index].waiting
                replicas[index].waiting = 0
            }
            replicas[index].fill = nil
        }
    }

    private mutating func begin(_ index: Int) { replicas[index].fill?.transfer += 1 }

    private mutating func giveBack(_ index: Int) {
        guard let held = replicas[index].fill?.held else { return }
        replicas[index].fill?.held = nil
        if !lost() { add(.releaseArrives(held.lease), after: delay()) }
    }

    /// A question for the lease reaches Redis.
    private mutating func arrive(_ index: Int, _ turn: Int, _ asked: Duration) {
        guard let fill = replicas[index].fill else { return }
        let before = table.lastGranted(key)
        let isFree = table.held(now: now).isEmpty
        let name = FillOwner(id: fill.owner.description, address: "\(index)")
        let answer = table.acquire(key, owner: fill.owner, note: Array(name.address.utf8), life: Self.life, now: now)
        if case .granted(let lease) = answer, isFree, let before, before != lease { lapses += 1 }
        guard !lost() else {
            // It may be granted, and nobody knows.
            alone += 1
            add(.result(index, turn: turn, .unavailable), after: .seconds(1))
            return
        }
        switch answer {
        case .granted(let lease): add(.granted(index, turn: turn, lease, asked: asked), after: delay())
        case .taken(let note, let left):
            let address = String(decoding: note, as: UTF8.self)
            let owner = table.held(now: now).first?.owner.description ?? ""
            add(.result(index, turn: turn, .taken(FillOwner(id: owner, address: address), left: left)), after: delay())
        }
    }

    // MARK: Bytes

    private mutating func receive(_ index: Int, _ transfer: Int) throws(Violation) {
        guard let fill = replicas[index].fill, fill.transfer == transfer, fill.isFromUpstream else { return }
        guard fill.course.lastStep == .fetch else {
            // Nobody reads while it is found out whose turn it is.
            return add(.chunk(index, transfer: transfer), after: .milliseconds(100))
        }
        if let term = fill.held?.term, term.isOver(now: now) {
            // The transfer stays open, in case it is ours all the same.
            try take(.overtaken, index)
            if replicas[index].fill?.transfer == transfer {
                add(.chunk(index, transfer: transfer), after: delay(50...1500))
            }
            return
        }
        if faults.losses, now < Self.faultsEnd, chance(1) {
            // The fill itself goes on from there, with another request.
            breaks += 1
            fetches += 1
        }
        let isLie = faults.lies && chance(1)
        isLied = isLied || isLie
        try append(isLie ? -1 : fill.spool.count, index, transfer) {
            $0.add(.chunk(index, transfer: transfer), after: $0.delay(50...1500))
        }
    }

    private mutating func follow(_ index: Int, _ transfer: Int, _ since: Duration) throws(Violation) {
        guard let fill = replicas[index].fill, fill.transfer == transfer, !fill.isFromUpstream,
            case .follow(let owner) = fill.course.lastStep
        else { return }
        func broken(_ simulation: inout FillSimulation) throws(Violation) {
            let progressed = fill.spool.count > fill.progress
            try simulation.take(.brokeOff(progressed: progressed), index)
        }
        guard let other = Int(owner.address), !replicas[other].isDead, !lost() else { return try broken(&self) }
        if replicas[other].pausedUntil > now {
            // Nothing comes, for as long as that is borne.
            guard now - since < Self.life else { return try broken(&self) }
            return add(.followed(index, transfer: transfer, stalledSince: since), after: .milliseconds(500))
        }
        guard let source = replicas[other].fill, source.owner.description == owner.id else {
            // It has ended: its readers have all of it, or are cut off.
            if stored != nil, fill.spool == Array(Self.truth.prefix(fill.spool.count)) {
                return try append(Self.truth[fill.spool.count], index, transfer) {
                    $0.add(.followed(index, transfer: transfer, stalledSince: $0.now), after: $0.delay())
                }
            }
            return try broken(&self)
        }
        // The end is held back until it is verified.
        let released = source.isVerified ? source.spool.count : max(0, source.spool.count - 1)
        guard released > fill.spool.count else {
            guard now - since < Self.life else { return try broken(&self) }
            return add(.followed(index, transfer: transfer, stalledSince: since), after: .milliseconds(50))
        }
        try append(source.spool[fill.spool.count], index, transfer) {
            $0.add(.followed(index, transfer: transfer, stalledSince: $0.now), after: $0.delay())
        }
    }

    private mutating func readStored(_ index: Int, _ transfer: Int) throws(Violation) {
        guard let fill = replicas[index].fill, fill.transfer == transfer, let stored else { return }
        if faults.storeFailures, now < Self.faultsEnd, chance(2) {
            return try take(.brokeOff(progressed: fill.spool.count > fill.progress), index)
        }
        try append(stored[fill.spool.count], index, transfer) {
            $0.add(.readChunk(index, transfer: transfer), after: $0.delay())
        }
    }

    private mutating func append(
        _ chunk: Int, _ index: Int, _ transfer: Int, _ more: (inout FillSimulation) -> Void
    ) throws(Violation) {
        replicas[index].fill?.spool.append(chunk)
        guard let spool = replicas[index].fill?.spool, spool.count == Self.chunks else { return more(&self) }
        guard spool == Self.truth else { return try take(.gaveUp, index) }
        replicas[index].fill?.isVerified = true
        release(index)
        try take(.whole, index)
    }
}
