import NIOCore
import Hashing
import OCI
import Testing

@testable import LocalTier

@Suite struct TierIndexTests {
    private func digest(_ number: Int) -> Digest { Digest(hashing: ByteBuffer(integer: number)) }

    @Test func boundsHoldWhateverIsDone() throws {
        var index = TierIndex(capacity: 1000)
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        var state = seed
        func number(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var reserved: [Int64] = []
        for _ in 0..<20_000 {
            let digest = digest(number(60))
            switch number(6) {
            case 0:
                let size = Int64(number(400))
                if index.reserve(size) != nil { reserved.append(size) }
            case 1:
                guard let size = reserved.popLast() else { continue }
                index.release(size)
                index.insert(digest, size: size, checked: 0, used: 0)
            case 2: _ = index.use(digest, at: 1)
            case 3: index.remove(digest)
            case 4: _ = index.evict(Int64(number(200)))
            default:
                if let size = reserved.popLast() { index.release(size) }
            }
            try #require(index.held + index.reserved <= 1000, "seed \(seed)")
            try #require(index.reserved == reserved.reduce(0, +) && index.held >= 0, "seed \(seed)")
        }
        _ = index.evict(.max)
        #expect(index.held == 0 && index.count == 0)
    }

    @Test func whatWasUsedStays() {
        var index = TierIndex(capacity: 100)
        for number in 0..<10 { index.insert(digest(number), size: 10, checked: 0, used: 0) }
        for number in [0, 2, 4] { _ = index.use(digest(number), at: 5) }
        let gone = index.reserve(70)?.map(\.0)
        #expect(gone == [1, 3, 5, 6, 7, 8, 9].map(digest))
        #expect(index[digest(2)]?.used == 5)
    }
}
