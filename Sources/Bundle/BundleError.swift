/// Why an archive cannot be read, or not be written.
public struct BundleError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// It is not what it was, or not all of it.
        case damaged
        /// It is no archive that is known here.
        case unknownFormat
        /// It asks for more than is allowed, or for something that no archive of images needs.
        case refused
        /// It is not signed by whom it should be.
        case untrusted
        /// It builds upon content that is not there.
        case baseMissing
        /// A file cannot be opened, read or written.
        case io
    }

    public let code: Code
    /// What is wrong.
    public let message: String
    /// What to do about it.
    public let remedy: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, remedy: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    public var description: String { "\(message); \(remedy)" + (cause.map { " (\($0))" } ?? "") }

    static func damaged(_ message: String, cause: (any Error)? = nil) -> BundleError {
        BundleError(.damaged, message, remedy: "copy it again from where it was made", cause: cause)
    }
}
