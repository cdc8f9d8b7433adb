import NIOCore

/// One ``LoopContext`` per event loop of the group.
struct LoopContexts: Sendable {
    private let contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>]
    private let loops: [any EventLoop]

    init(core: ServerCore, group: any EventLoopGroup) async throws {
        var contexts: [ObjectIdentifier: NIOLoopBound<LoopContext>] = [:]
        var loops: [any EventLoop] = []
        for loop in group.makeIterator() {
            loops.append(loop)
            contexts[ObjectIdentifier(loop)] = try await loop.submit {
                NIOLoopBound(LoopContext(core: core, eventLoop: loop), eventLoop: loop)
            }.get()
        }
        self.contexts = contexts
        self.loops = loops
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
