import NIOConcurrencyHelpers
import NIOSSL

/// The TLS context that new connections use; replaced when certificates are renewed, and when an authority that vouches for
/// clients ends: a session that is taken up again is not verified again.
final class TLSContextBox: Sendable {
    private struct State {
        var material: TLSMaterial
        var context: NIOSSLContext
        var authorityEnd: Int64?

        init(_ material: TLSMaterial, at seconds: Int64) {
            self.material = material
            context = material.context
            authorityEnd = material.authorityEnd(after: seconds)
        }
    }

    private let state: NIOLockedValueBox<State>
    private let now: @Sendable () -> Int64

    /// - Parameter now: Seconds since 1970.
    init(_ material: TLSMaterial, now: @escaping @Sendable () -> Int64) {
        self.now = now
        state = NIOLockedValueBox(State(material, at: now()))
    }

    /// The context, and until when whoever is let in by it may be trusted, as far as that depends on authorities.
    func current() throws -> (context: NIOSSLContext, authorityEnd: Int64?) {
        let seconds = now()
        return try state.withLockedValue { state in
            if let end = state.authorityEnd, seconds > end {
                state.context = try state.material.makeContext()
                state.authorityEnd = state.material.authorityEnd(after: seconds)
            }
            return (state.context, state.authorityEnd)
        }
    }

    /// - Returns: Whether somebody who vouched for clients does not any more.
    func replace(with material: TLSMaterial) -> Bool {
        let seconds = now()
        return state.withLockedValue { state in
            let before = state.material.clientAuthorities
            state = State(material, at: seconds)
            return !before.isSubset(of: material.clientAuthorities)
        }
    }
}
