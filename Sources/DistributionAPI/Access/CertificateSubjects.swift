internal import Access
import NIOConcurrencyHelpers
import NIOSSL

/// Subjects of certificates that were read: a client shows the same one with every request.
final class CertificateSubjects: Sendable {
    private static let most = 1000

    private let known = NIOLockedValueBox<[NIOSSLCertificate: CertificateSubject]>([:])

    /// Nil for a certificate whose subject cannot be told as text.
    func subject(of certificate: NIOSSLCertificate) -> CertificateSubject? {
        if let subject = known.withLockedValue({ $0[certificate] }) { return subject }
        guard let der = try? certificate.toDERBytes(), let subject = CertificateSubject(der: der) else { return nil }
        known.withLockedValue { known in
            if known.count >= Self.most { known.removeAll(keepingCapacity: true) }
            known[certificate] = subject
        }
        return subject
    }
}
