internal import Hashing
internal import NIOCore
internal import OCI

/// What was asked for and could not be had: names of images, kept until somebody has looked after them.
extension RegistryStore {
    /// No more are kept: whoever asks for anything must not fill the store.
    public static let mostMisses = 10_000
    private static let longestMiss = 1024

    /// Keeps a name, once however often it is missed.
    public func noteMiss(_ name: String) async throws(StorageError) {
        try await objects.write(RegistryLayout.miss(Self.mark(name)), ByteBuffer(string: name + "\n"), .cached)
    }

    /// How many there are, at most ``mostMisses``.
    public func missCount() async throws(StorageError) -> Int {
        try await objects.list(RegistryLayout.misses, after: nil, limit: Self.mostMisses).count
    }

    /// All names, in order.
    public func misses() async throws(StorageError) -> [String] {
        var names: [String] = []
        for mark in try await objects.list(RegistryLayout.misses, after: nil, limit: Self.mostMisses) {
            guard let (bytes, _) = try await objects.read(RegistryLayout.miss(mark), limit: Self.longestMiss) else {
                continue
            }
            names.append(String(String(buffer: bytes).prefix { !$0.isNewline }))
        }
        return names.sorted()
    }

    public func forgetMiss(_ name: String) async throws(StorageError) {
        try await objects.delete(RegistryLayout.miss(Self.mark(name)))
    }

    private static func mark(_ name: String) -> String { Digest(hashing: ByteBuffer(string: name)).hex }
}
