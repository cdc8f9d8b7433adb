import NIOConcurrencyHelpers
import NIOSSL

/// The TLS context that new connections use; replaced when certificates are renewed.
final class TLSContextBox: Sendable {
    private let material: NIOLockedValueBox<TLSMaterial>

    init(_ material: TLSMaterial) { self.material = NIOLockedValueBox(material) }

    var current: NIOSSLContext { material.withLockedValue { $0.context } }

    /// - Returns: Whether somebody who vouched for clients does not any more.
    func replace(with material: TLSMaterial) -> Bool {
        self.material.withLockedValue { current in
            defer { current = material }
            return !current.clientAuthorities.isSubset(of: material.clientAuthorities)
        }
    }
}
