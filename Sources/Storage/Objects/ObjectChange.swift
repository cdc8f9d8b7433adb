public import NIOCore

/// One of several changes that belong together.
public enum ObjectChange: Sendable {
    case write(ObjectKey, ByteBuffer)
    /// As ``ObjectStore/place(_:_:at:_:)``.
    case place(ObjectKey, GrownObject, at: ObjectKey)

    /// What there is afterwards.
    public var key: ObjectKey {
        switch self {
        case .write(let key, _): key
        case .place(_, _, at: let key): key
        }
    }
}
