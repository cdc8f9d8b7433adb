import Hashing
import NIOCore
import OCI
import Testing

@Suite struct CheckpointTests {
    private static let lengths = [0, 1, 55, 63, 64, 65, 127, 128, 129, 1000, 100_001]

    @Test(arguments: Digest.Algorithm.allCases, lengths)
    func hashingGoesOnFromACheckpoint(algorithm: Digest.Algorithm, length: Int) throws {
        let first = ByteBuffer(bytes: (0..<length).map { UInt8(truncatingIfNeeded: $0) })
        let second = ByteBuffer(repeating: 9, count: 777)
        var hasher = DigestHasher(algorithm)
        hasher.update(first)
        var resumed = try #require(DigestHasher(resuming: hasher.checkpoint()))
        #expect(resumed.count == Int64(length))
        #expect(resumed.algorithm == algorithm)
        resumed.update(second)
        var whole = first
        whole.writeImmutableBuffer(second)
        #expect(resumed.digest() == Digest(hashing: whole, with: algorithm))
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func anyDamagedByteIsNoticed(algorithm: Digest.Algorithm) {
        var hasher = DigestHasher(algorithm)
        hasher.update(ByteBuffer(string: "some content"))
        let good = hasher.checkpoint()
        for position in good.readerIndex..<good.writerIndex {
            var bad = good
            bad.setInteger(UInt8(ascii: "7") ^ (good.getInteger(at: position) ?? 0) & 1, at: position)
            if bad != good { #expect(DigestHasher(resuming: bad) == nil, "byte \(position)") }
        }
        #expect(DigestHasher(resuming: ByteBuffer()) == nil)
    }

    @Test func anotherLibrarysCheckpointStillTellsItsAlgorithm() throws {
        var hasher = DigestHasher(.sha512)
        hasher.update(ByteBuffer(string: "abc"))
        let text = String(buffer: hasher.checkpoint())
        let foreign = ByteBuffer(string: "entrepot hash 1 openssl 1 64 le\n" + text.drop { $0 != "\n" }.dropFirst())
        #expect(DigestHasher(resuming: foreign) == nil)
        let outline = try #require(DigestHasher.outline(ofCheckpoint: foreign))
        #expect(outline.algorithm == .sha512)
        #expect(outline.count == 3)
    }
}
