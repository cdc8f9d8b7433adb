public import OCI
public import Storage

/// One reader of a fill, at its own offset and its own speed. Letting go of it leaves the fill.
public final class FillReader: Sendable {
    private let fill: Fill
    private let leave: @Sendable () -> Void

    init(_ fill: Fill, leave: @escaping @Sendable () -> Void) {
        self.fill = fill
        self.leave = leave
    }

    deinit { leave() }

    /// How far it has come.
    var released: Int64 { fill.progress.snapshot.released }

    /// Waits for the upstream's answer: the size of the whole in bytes, nil if the upstream does not say.
    func size() async throws(RegistryError) -> Int64? {
        try await fill.progress.wait { snapshot in
            if case .asking = snapshot.phase { false } else { true }
        }.size
    }

    /// The file that holds the released bytes; nil before the upstream's answer.
    public var file: OpenFile? { fill.file }

    /// Waits for bytes after `offset`.
    ///
    /// - Returns: The end of what may be read now; nil if the content is complete and ends at `offset`.
    /// - Throws: The fill's error: no more bytes will come, and what came is not the whole.
    public func end(after offset: Int64) async throws(RegistryError) -> Int64? {
        let snapshot = try await fill.progress.wait { snapshot in
            if case .verified = snapshot.phase { true } else { snapshot.released > offset }
        }
        return snapshot.released > offset ? snapshot.released : nil
    }

    /// Waits until the whole is stored.
    func finish() async throws(RegistryError) {
        _ = try await fill.progress.wait { snapshot in
            if case .verified = snapshot.phase { true } else { false }
        }
    }
}
