import Access
import Foundation
import TestSupport
import Testing

/// Names in client certificates.
@Suite struct CertificateSubjectTests {
    /// Its files go with it.
    private static let certificates = Result { try TestCertificates() }

    private static func client() throws -> [UInt8] {
        let text = try String(contentsOfFile: certificates.get().client, encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        return Array(try #require(Data(base64Encoded: lines.joined())))
    }

    @Test func `names and organizations are read`() throws {
        let certificate = try Self.client()
        #expect(
            CertificateSubject(der: certificate)
                == CertificateSubject(commonNames: ["client"], organizations: ["Test client"]))
    }

    @Test func `what is no certificate, or more than one, names nobody`() throws {
        let certificate = try Self.client()
        #expect(CertificateSubject(der: []) == nil)
        #expect(CertificateSubject(der: Array(certificate.dropLast())) == nil)
        #expect(CertificateSubject(der: certificate + [0]) == nil)
        #expect(CertificateSubject(der: [UInt8](repeating: 0x30, count: 100)) == nil)
    }

    /// The end of a name for C, and a part of it for whoever signed it.
    @Test(arguments: [UInt8(0), 0x0A, 0x7F, 0xFF])
    func `a name with what is no text names nobody`(byte: UInt8) throws {
        var certificate = try Self.client()
        let name = Array("client".utf8)
        // The subject's common name stands after its organization, which ends with the same word.
        let places = certificate.indices.filter { certificate[$0...].starts(with: name) }
        let place = try #require(places.last)
        certificate[place + 2] = byte
        #expect(CertificateSubject(der: certificate) == nil)
    }
}
