import NIOConcurrencyHelpers
import NIOSSL
import Testing

@testable import HTTPServer

/// Which sessions can be taken up again: those of the same context.
@Suite struct TLSContextBoxTests {
    @Test func `no session outlasts an authority that vouched for clients`() throws {
        let certificates = try TestCertificates.shared.get()
        func material(_ clients: TLSMaterial.ClientAuthentication) throws -> TLSMaterial {
            try TLSMaterial(
                certificateChain: .file(certificates.server.certificate), privateKey: .file(certificates.server.key),
                clientAuthorities: .file(certificates.authority.certificate), clientAuthentication: clients)
        }
        let end = Int64(try certificates.authority.certificates[0].notValidAfter)
        let time = NIOLockedValueBox(end)
        for (clients, isRenewed) in [(TLSMaterial.ClientAuthentication.optional, true), (.none, false)] {
            time.withLockedValue { $0 = end }
            let box = TLSContextBox(try material(clients)) { time.withLockedValue { $0 } }
            let first = try box.current()
            #expect(try box.current().context === first.context)
            #expect(first.authorityEnd == (isRenewed ? end : nil))
            time.withLockedValue { $0 = end + 1 }
            let second = try box.current()
            #expect((second.context !== first.context) == isRenewed)
            #expect(second.authorityEnd == nil)
            #expect(try box.current().context === second.context)
        }
    }
}
