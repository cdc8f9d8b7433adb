import NIOConcurrencyHelpers
import NIOSSL

/// The TLS context that new connections use; replaced when certificates are renewed.
final class TLSContextBox: Sendable {
    private let context: NIOLockedValueBox<NIOSSLContext>

    init(_ material: TLSMaterial) { context = NIOLockedValueBox(material.context) }

    var current: NIOSSLContext { context.withLockedValue { $0 } }

    func replace(with material: TLSMaterial) { context.withLockedValue { $0 = material.context } }
}
