import Foundation
import Testing
import TextEncodings
@testable import Tokens

@Suite struct KeyTests {
    @Test func keysOfAllKindsAreRead() async throws {
        #expect(try SigningKey(pem: try await Keys.rsa.value).algorithm == .rs256)
        #expect(try SigningKey(pem: try await Keys.p256.value).algorithm == .es256)
        #expect(try SigningKey(pem: try await Keys.p256InSEC1.value).algorithm == .es256)
        #expect(try SigningKey(pem: try await Keys.ed25519.value).algorithm == .edDSA)
    }

    @Test func keysThatWillNotDoAreRefusedWithoutShowingThem() async throws {
        let p384 = try await Keys.p384.value
        #expect(throws: KeyError.unsupported) { try SigningKey(pem: p384) }
        let weak = try await Keys.weak.value
        #expect(throws: KeyError.weak) { try SigningKey(pem: weak) }
        #expect(throws: KeyError.notPEM) { try SigningKey(pem: "not a key") }
        #expect(throws: KeyError.notPEM) { try SigningKey(pem: "") }
    }

    @Test(arguments: [SignatureAlgorithm.rs256, .es256, .edDSA])
    func aGeneratedKeyIsReadBackAndVerifiesWhatItSigns(algorithm: SignatureAlgorithm) async throws {
        let key = try SigningKey(pem: try await Keys.generated(algorithm))
        #expect(key.algorithm == algorithm)
        let message = Array("hello".utf8)
        let signature = try key.signature(for: message)
        #expect(key.publicKey.isValid(signature, for: message[...]))
        #expect(!key.publicKey.isValid(signature, for: Array("hellp".utf8)[...]))
        #expect(!key.publicKey.isValid([], for: message[...]))
        #expect(!key.publicKey.isValid(signature.dropLast() + [signature.last! ^ 1], for: message[...]))
    }

    @Test func publicKeysCertificatesAndPrivateKeysAreThePreviousKeysOfAServer() async throws {
        for pem in [try await Keys.rsa.value, try await Keys.p256.value, try await Keys.ed25519.value] {
            let key = try SigningKey(pem: pem).publicKey
            #expect(try VerificationKey(pem: pem) == key)
            #expect(try VerificationKey(pem: try await Keys.publicKey(of: pem)) == key)
            #expect(try VerificationKey(pem: try await Keys.certificate(of: pem)) == key)
        }
    }

    @Test func aChainMustBeginWithTheKeysCertificate() async throws {
        let key = try SigningKey(pem: try await Keys.p256.value).publicKey
        let own = try await Keys.certificate(of: try await Keys.p256.value)
        let other = try await Keys.certificate(of: try await Keys.ed25519.value)
        let chain = try CertificateChain(pem: own + other, for: key)
        #expect(chain.encoded.count == 2)
        #expect(chain.pem.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
        #expect(throws: KeyError.self) { try CertificateChain(pem: other + own, for: key) }
        #expect(throws: KeyError.self) { try CertificateChain(pem: "", for: key) }
        #expect(throws: KeyError.self) {
            try CertificateChain(pem: String(repeating: own, count: 6), for: key)
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func aCertificateOfItsOwnIsAChain(algorithm: SignatureAlgorithm) async throws {
        let key = try SigningKey(pem: try await Keys.generated(algorithm))
        let certificate = try key.selfSignedCertificate(
            name: "tokens", from: Int64(Date().timeIntervalSince1970), days: 2)
        #expect(try CertificateChain(pem: certificate, for: key.publicKey).encoded.count == 1)
        #expect(try await Keys.verify(certificate).hasSuffix(": OK\n"))
    }

    /// The vector of RFC 7638, section 3.1.
    @Test func theThumbprintIsTheOneOfTheSpecification() throws {
        let key = try VerificationKey(pem: Vectors.rfc7638)
        #expect(key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }

    /// The vector of RFC 8037, appendix A.3.
    @Test func theThumbprintOfAnEd25519KeyIsTheOneOfTheSpecification() throws {
        let key = try VerificationKey(pem: Vectors.rfc8037)
        #expect(key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }

    @Test func libtrustIDsHaveTwelveGroupsOfFour() async throws {
        let id = try SigningKey(pem: try await Keys.rsa.value).publicKey.libtrustID
        let groups = id.split(separator: ":")
        #expect(groups.count == 12)
        #expect(groups.allSatisfy { $0.count == 4 })
    }

    @Test func nothingOfAPrivateKeyIsPrinted() async throws {
        let key = try SigningKey(pem: try await Keys.ed25519.value)
        var dumped = ""
        dump(key, to: &dumped)
        #expect(dumped == "- (private key \(key.publicKey.thumbprint))\n" || dumped.contains("(private key"))
        #expect("\(key)" == "(private key \(key.publicKey.thumbprint))")
    }

    @Test(
        arguments: [
            ([], ""), ([0], "AA"), ([0xFB, 0xFF], "-_8"), ([1, 2, 3], "AQID"), ([1, 2, 3, 4], "AQIDBA"),
        ] as [([UInt8], String)])
    func base64ForURLsHasOneTextForEachValue(bytes: [UInt8], text: String) {
        #expect(Base64.url.encode(bytes) == text)
        #expect(Base64.url.decode(text.utf8) == bytes)
    }

    @Test(arguments: ["A", "AB", "AA==", "A A", "+/8", "AQI\n", "AQIDB"])
    func otherTextsAreNotBase64ForURLs(text: String) {
        #expect(Base64.url.decode(text.utf8) == nil)
    }
}
