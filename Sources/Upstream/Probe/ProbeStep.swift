/// One step on the way of a pull to an upstream, and how it went.
public struct ProbeStep: Sendable {
    public enum Name: String, Sendable {
        case dns, tcp, tls, challenge, credentials, token, manifest
    }

    public let name: Name
    /// What was found; safe to print, without secrets.
    public let finding: String
    /// What to do about it; nil where nothing is wrong.
    public let remedy: String?
    /// Nil where it cannot be told.
    public let duration: Duration?
    /// The way ends here.
    public let isFailure: Bool

    static func ok(_ name: Name, _ finding: String, _ duration: Duration?) -> ProbeStep {
        ProbeStep(name: name, finding: finding, remedy: nil, duration: duration, isFailure: false)
    }

    static func failed(_ name: Name, _ finding: String, remedy: String, _ duration: Duration?) -> ProbeStep {
        ProbeStep(name: name, finding: finding, remedy: remedy, duration: duration, isFailure: true)
    }
}
