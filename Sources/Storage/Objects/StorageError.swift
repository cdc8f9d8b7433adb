/// What a store could not do. Absence is not an error: it is `nil`.
public struct StorageError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The disk, quota or bucket is full.
        case noSpace
        /// The store may not be written to.
        case readOnly
        case permissionDenied
        /// More bytes than the caller allows.
        case tooLarge
        /// What is stored is not what its name says.
        case corrupt
        case tooManyOpenFiles
        /// The object is not as the caller said it was.
        case conflict
        /// What must be there is not.
        case absent
        /// What was written may not have reached the disk, and asking once more would not tell.
        case unsynced
        case io
    }

    public let code: Code
    public let message: String
    public let key: ObjectKey?
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, key: ObjectKey? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.key = key
        self.cause = cause
    }

    /// Nothing can be written now: what is held can be read all the same, and what comes can be passed on.
    public var isUnwritable: Bool {
        switch code {
        case .noSpace, .readOnly, .permissionDenied: true
        default: false
        }
    }

    /// What was read is not what belongs there.
    public var isDamage: Bool { code == .corrupt || code == .tooLarge }

    /// An object has grown, or shrunk, under somebody's hands.
    public static func wrongSize(_ found: Int64, _ expected: Int64, _ key: ObjectKey) -> Self {
        StorageError(.conflict, "the object has \(found) bytes and not \(expected)", key: key)
    }

    public var description: String {
        "storage \(code.rawValue): \(message)" + (key.map { " (\($0))" } ?? "") + (cause.map { ": \($0)" } ?? "")
    }
}
