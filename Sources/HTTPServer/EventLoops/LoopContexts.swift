import NIOCore

/// One ``LoopContext`` per event loop of the group.
struct LoopContexts: Sendable {
    private let contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>]
    let loops: [any EventLoop]
    private let turns: [any Channel]

    init(core: ServerCore, group: any EventLoopGroup) async throws {
        var contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>] = [:]
        var loops: [any EventLoop] = []
        var turns: [any Channel] = []
        for loop in group.makeIterator() {
            loops.append(loop)
            let (context, turn) = try await loop.submit {
                let context = LoopContext(core: core, eventLoop: loop)
                return (NIOLoopBound(context, eventLoop: loop), NIOLoopBound(context.turn, eventLoop: loop))
            }.get()
            contexts[ObjectIdentifier(loop)] = context
            turns.append(try await LoopTurn.open(turn, on: loop))
        }
        self.contexts = contexts
        self.loops = loops
        self.turns = turns
    }

    /// Gives back what the loops hold beside their connections, when these are gone.
    func close() async {
        for turn in turns { try? await turn.close() }
    }

    /// Answers the requests of all loops; returns when they have been drained, or cut, and the last response is done.
    func serve() async {
        await withDiscardingTaskGroup { group in
            for loop in loops {
                guard let context = contexts[ObjectIdentifier(loop)] else { continue }
                group.addTask(executorPreference: EventLoopTaskExecutor(loop)) { await context.value.tasks.run() }
            }
        }
    }

    /// On that event loop only.
    func context(of loop: any EventLoop) -> LoopContext {
        guard let context = contexts[ObjectIdentifier(loop)] else {
            preconditionFailure("a connection is on an event loop of another group")
        }
        return context.value
    }

    /// Returns when every loop has it.
    func adjust(_ configuration: HTTPServerConfiguration) async {
        for loop in loops {
            guard let context = contexts[ObjectIdentifier(loop)] else { continue }
            // Fails only when the loop has ended.
            try? await loop.submit { context.value.adjust(configuration) }.get()
        }
    }

    func distrustCertificates() { onEach { $0.distrustCertificates() } }

    func drain() { onEach { $0.drain() } }

    func abortAll() { onEach { $0.abortAll() } }

    private func onEach(_ action: @escaping @Sendable (LoopContext) -> Void) {
        for loop in loops {
            guard let context = contexts[ObjectIdentifier(loop)] else { continue }
            loop.execute { action(context.value) }
        }
    }
}
