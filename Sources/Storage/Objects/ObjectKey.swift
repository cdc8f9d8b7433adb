/// Where an object lies in a store: path components joined by `/`, relative to the store's root or prefix.
///
/// A key cannot climb out of the store: no component is empty, `.` or `..`, or holds a control character.
public struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
    public let path: String

    public init?(_ path: String) {
        guard !path.isEmpty, path.utf8.count <= 1024 else { return nil }
        for component in path.split(separator: "/", omittingEmptySubsequences: false)
        where component.isEmpty || component == "." || component == ".."
            || component.utf8.contains(where: { $0 < 0x20 })
        {
            return nil
        }
        self.path = path
    }

    /// A key from parts that are components by construction (digests, names and tags that were parsed).
    init(unchecked path: String) {
        self.path = path
    }

    /// The key of an entry of a listing below this key.
    public func child(_ name: String) -> ObjectKey? { ObjectKey(path + "/" + name) }

    public var description: String { path }
}
