/// Where an object lies in a store: path components joined by `/`, relative to the store's root or prefix.
///
/// A key cannot climb out of the store: no component is empty, `.` or `..`, or holds a control character.
public struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
    public let path: String

    public init?(_ path: String) {
        guard path.utf8.count <= 1024 else { return nil }
        // By bytes, as the file system sees it: a slash before a combining mark is one still. And listings parse a key for
        // each of their entries.
        var length = 0
        var dots = 0
        for byte in path.utf8 {
            guard byte >= 0x20 else { return nil }
            guard byte == UInt8(ascii: "/") else {
                length += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
                continue
            }
            guard Self.isComponent(length, dots: dots) else { return nil }
            (length, dots) = (0, 0)
        }
        guard Self.isComponent(length, dots: dots) else { return nil }
        self.path = path
    }

    private static func isComponent(_ length: Int, dots: Int) -> Bool { length > 2 || length > dots }

    /// A key from parts that are components by construction (digests, names and tags that were parsed).
    init(unchecked path: String) {
        self.path = path
    }

    /// The key of an entry of a listing below this key.
    public func child(_ name: String) -> ObjectKey? { ObjectKey(path + "/" + name) }

    /// The folder that it lies in; nil for a name alone.
    public var parent: ObjectKey? {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { ObjectKey(unchecked: String(path[..<$0])) }
    }

    public var description: String { path }
}
