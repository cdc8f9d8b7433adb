import Testing

/// The ways in which a real upstream admits its clients.
enum UpstreamKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case anonymous
    case htpasswd
    case privateAuthority
    case clientCertificate
    case token

    var testDescription: String { rawValue }

    var usesTLS: Bool { self == .privateAuthority || self == .clientCertificate }
    var usesPassword: Bool { self == .htpasswd || self == .token }
}
