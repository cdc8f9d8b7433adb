/// An object as it was found.
public protocol ObjectSighting: Sendable {
    /// Whether it is there still, and the same. Told at once, from any thread.
    var isCurrent: Bool { get }
}
