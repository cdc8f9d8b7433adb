import Coordination
import NIOConcurrencyHelpers
import NIOCore
import Storage
import TestSupport

/// A store whose large objects are read over a network that tests can hold up, count and break.
final class DistantStore: BackingStore {
    struct State {
        var reads = 0
        var pieces = 0
        /// The transfer, counted from 1, that breaks off, and after how many bytes.
        var breaking: (transfer: Int, at: Int64)?
    }

    static let piece: Int64 = 64 << 10

    let origin: any ObjectStore = MemoryStore()
    let state = NIOLockedValueBox(State())
    /// Pieces that may be sent.
    let allowed = Watched(Int.max)

    var isRemote: Bool { true }
    var clockDifference: Int64 { 0 }
    /// Transfers that were begun.
    var reads: Int { state.withLockedValue { $0.reads } }

    func content(_ key: ObjectKey) async throws(StorageError) -> ObjectContent? {
        guard case .bytes(let bytes)? = try await origin.content(key) else { return nil }
        guard bytes.readableBytes > 64 << 10 else { return .bytes(bytes) }
        return .remote(
            RemoteObject(size: Int64(bytes.readableBytes), address: { _ in "address" }) { [self] range in
                let position = NIOLockedValueBox(range.lowerBound)
                let transfer = state.withLockedValue { state in
                    state.reads += 1
                    return state.reads
                }
                return ObjectBody { [self] () async throws(StorageError) in
                    let start = position.withLockedValue { $0 }
                    guard start < range.upperBound else { return nil }
                    let end = min(range.upperBound, start + Self.piece)
                    if let breaking = state.withLockedValue({ $0.breaking }), breaking.transfer == transfer,
                        end > breaking.at
                    {
                        throw StorageError(.io, "told to break off")
                    }
                    let number = state.withLockedValue { state in
                        state.pieces += 1
                        return state.pieces
                    }
                    while allowed.value < number, !Task.isCancelled { await allowed.change { $0 >= number } }
                    position.withLockedValue { $0 = end }
                    return bytes.getSlice(at: bytes.readerIndex + Int(start), length: Int(end - start))
                }
            })
    }

    func info(_ key: ObjectKey) async throws(StorageError) -> ObjectInfo? { try await origin.info(key) }

    func read(_ key: ObjectKey, limit: Int) async throws(StorageError) -> (bytes: ByteBuffer, info: ObjectInfo)? {
        state.withLockedValue { $0.reads += 1 }
        return try await origin.read(key, limit: limit)
    }

    func write(_ key: ObjectKey, _ bytes: ByteBuffer, _ durability: Durability) async throws(StorageError) {
        try await origin.write(key, bytes, durability)
    }

    func adopt(file path: String, as key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        try await origin.adopt(file: path, as: key, durability)
    }

    func append(
        _ key: ObjectKey, _ bytes: ByteBuffer, to known: GrownObject
    ) async throws(StorageError) -> GrownObject {
        try await origin.append(key, bytes, to: known)
    }

    func move(_ source: ObjectKey, to key: ObjectKey, _ durability: Durability) async throws(StorageError) {
        try await origin.move(source, to: key, durability)
    }

    func settle(_ key: ObjectKey) async throws(StorageError) -> Bool { try await origin.settle(key) }

    func list(_ prefix: ObjectKey, after: String?, limit: Int) async throws(StorageError) -> [String] {
        try await origin.list(prefix, after: after, limit: limit)
    }

    func delete(_ key: ObjectKey) async throws(StorageError) { try await origin.delete(key) }
}
