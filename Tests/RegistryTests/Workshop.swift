import FileStorage
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import OCI
import Registry
import Storage
import TestSupport
import Testing
import Upstream

/// A registry over a memory store with scripted upstreams and a clock that tests move.
final class Workshop: Sendable {
    let objects: MemoryStore
    let store: RegistryStore
    let registry: Registry
    let upstreams: [ScriptedUpstream]
    let namespaces: Namespaces
    let spoolFolder: TemporaryDirectory
    private let clock: NIOLockedValueBox<Int64>

    private init(
        objects: MemoryStore, registry: Registry, upstreams: [ScriptedUpstream], namespaces: Namespaces,
        folder: TemporaryDirectory, clock: NIOLockedValueBox<Int64>
    ) {
        self.objects = objects
        store = RegistryStore(objects: objects)
        self.registry = registry
        self.upstreams = upstreams
        self.namespaces = namespaces
        spoolFolder = folder
        self.clock = clock
    }

    var upstream: ScriptedUpstream { upstreams[0] }

    func pass(seconds: Int64) { clock.withLockedValue { $0 += seconds } }

    /// Namespaces: `mirror` with the upstreams, `other` with the last of them alone, `local` with none.
    func repository(_ name: String) throws -> Repository {
        try namespaces.repository(try #require(RepositoryName(name)))
    }

    static func open<Value: Sendable>(
        upstreams count: Int = 1, limits: FillLimits = FillLimits(holdBack: 4, farDistance: 100, farRanges: 2),
        _ body: @Sendable (Workshop) async throws -> Value
    ) async throws -> Value {
        let clock = NIOLockedValueBox<Int64>(1_000_000)
        let now: @Sendable () -> Int64 = { clock.withLockedValue { $0 } }
        let objects = MemoryStore(now: now)
        let folder = try TemporaryDirectory()
        let background = BackgroundWork()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = RegistryStore(objects: objects)
        let fills = Fills(
            store: store, spool: try Spool(root: folder.path), background: background, pool: .singleton, limits: limits,
            logger: logger)
        let registry = Registry(store: store, fills: fills, background: background, logger: logger, now: now)
        let upstreams = (0..<count).map { ScriptedUpstream("upstream\($0)") }
        let namespaces = Namespaces(
            [
                Namespace(key: try #require(RepositoryName("mirror")), host: "mirror.example", upstreams: upstreams),
                Namespace(key: try #require(RepositoryName("other")), host: nil, upstreams: [upstreams[count - 1]]),
                Namespace(key: try #require(RepositoryName("local")), host: nil, upstreams: []),
            ], fallback: nil)
        let workshop = Workshop(
            objects: objects, registry: registry, upstreams: upstreams, namespaces: namespaces, folder: folder, clock: clock)
        return try await withThrowingTaskGroup { group in
            group.addTask { try await background.run() }
            let value = try await body(workshop)
            group.cancelAll()
            return value
        }
    }
}

extension BlobAnswer {
    /// The bytes the answer stands for, read as the edge would.
    func bytes() async throws -> ByteBuffer {
        let part = range ?? 0..<(size ?? .max)
        switch source {
        case .stored(.bytes(let bytes)):
            return try #require(bytes.getSlice(at: bytes.readerIndex + Int(part.lowerBound), length: part.count))
        case .stored(.file(let file, let size)):
            let all = try #require(file.bytes(count: Int(size)))
            return try #require(all.getSlice(at: Int(part.lowerBound), length: part.count))
        case .filling(let reader):
            var bytes = ByteBuffer()
            var offset = part.lowerBound
            while offset < part.upperBound, let released = try await reader.end(after: offset), let file = reader.file {
                let end = min(released, part.upperBound)
                let all = try #require(file.bytes(count: Int(end)))
                bytes.writeImmutableBuffer(try #require(all.getSlice(at: Int(offset), length: Int(end - offset))))
                offset = end
            }
            return bytes
        case .passing(let body):
            var bytes = ByteBuffer()
            while let piece = try await body.next() { bytes.writeImmutableBuffer(piece) }
            return bytes
        case .nothing:
            return ByteBuffer()
        }
    }
}
