/// A certificate of this server that no client takes, where the one in force is taken.
struct UselessCertificateError: Error, CustomStringConvertible {
    /// Which it is, and what to do.
    let sentence: String

    var description: String { sentence }
}
