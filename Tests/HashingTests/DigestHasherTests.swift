import Hashing
import NIOCore
import OCI
import Testing

@Suite struct DigestHasherTests {
    // FIPS 180-4 examples and the empty string.
    @Test(arguments: [
        ("", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abc",
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func knownAnswers(text: String, expected: String) throws {
        let digest = try #require(Digest(expected))
        #expect(Digest(hashing: ByteBuffer(string: text), with: digest.algorithm) == digest)
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func piecesHashLikeTheWhole(algorithm: Digest.Algorithm) {
        let whole = ByteBuffer(repeating: 7, count: 100_000)
        var hasher = DigestHasher(algorithm)
        var rest = whole
        while let piece = rest.readSlice(length: min(777, rest.readableBytes)), piece.readableBytes > 0 {
            hasher.update(piece)
        }
        #expect(hasher.digest() == Digest(hashing: whole, with: algorithm))
        #expect(hasher.count == 100_000)
    }

    @Test func aCopyContinuesOnItsOwn() {
        var first = DigestHasher(.sha256)
        first.update(ByteBuffer(string: "ab"))
        var second = first
        second.update(ByteBuffer(string: "c"))
        #expect(second.digest() == Digest(hashing: ByteBuffer(string: "abc")))
        #expect(first.digest() == Digest(hashing: ByteBuffer(string: "ab")))
    }
}
