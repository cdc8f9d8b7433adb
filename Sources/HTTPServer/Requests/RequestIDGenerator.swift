/// Makes request ids of 13 characters (which a Swift string holds without an allocation): a counter, scrambled, from a
/// random start. Unique within one generator, and practically so between them.
struct RequestIDGenerator {
    private var state: UInt64

    init(seed: UInt64 = .random(in: .min ... .max)) { state = seed }

    mutating func next() -> String {
        // SplitMix64, a bijection of the counter.
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        value ^= value >> 31
        return String(unsafeUninitializedCapacity: 13) { bytes in
            for index in 0..<13 {
                let digit = UInt8(truncatingIfNeeded: value & 31)
                bytes[index] = digit < 10 ? 0x30 + digit : 0x61 + digit - 10
                value >>= 5
            }
            return 13
        }
    }
}
