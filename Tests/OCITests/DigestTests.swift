import OCI
import Testing

@Suite struct DigestTests {
    static let hex256 = String(repeating: "0123456789abcdef", count: 4)
    static let hex512 = hex256 + hex256

    @Test(arguments: ["sha256:\(hex256)", "sha512:\(hex512)"])
    func parsesAndPrints(text: String) {
        #expect(Digest(text)?.description == text)
    }

    @Test(arguments: [
        "", "sha256", "sha256:", ":\(hex256)", "sha256:\(hex256)0", "sha256:\(hex256.dropLast())", "sha256:\(hex512)",
        "SHA256:\(hex256)", "sha256:\(hex256.uppercased())", "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha256:../../../../etc/passwd", "sha256:\(hex256.dropLast())g", "sha256:\(hex256.dropLast())é",
    ])
    func refuses(text: String) {
        #expect(Digest(text) == nil)
    }

    @Test func bytesOfTheWrongLengthAreNoDigest() {
        #expect(Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xAB, count: 31)) == nil)
        #expect(
            Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xAB, count: 32))?.hex
                == String(repeating: "ab", count: 32))
    }
}
