/// Why bytes of a response body could not be sent. The connection is cut in every case.
public enum BodyWriteError: Error, Equatable, CustomStringConvertible {
    /// The client left, or was cut for taking nothing.
    case connectionClosed
    /// More bytes were written than the response had announced.
    case tooManyBytes
    /// The body producer ended before it had written what the response had announced.
    case tooFewBytes(missing: Int64)
    /// The file ends before the slice does.
    case fileTooShort
    /// `pread(2)` failed.
    case fileUnreadable(errno: CInt)
    /// A writer was used after its response had ended.
    case responseFinished

    public var description: String {
        switch self {
        case .connectionClosed: "the connection is closed"
        case .tooManyBytes: "more bytes were written than the response announced"
        case .tooFewBytes(let missing): "the response body ended \(missing) bytes before its announced length"
        case .fileTooShort: "the file ends before the bytes that were to be sent"
        case .fileUnreadable(let errno): "the file cannot be read (errno \(errno))"
        case .responseFinished: "the response was already complete"
        }
    }
}
