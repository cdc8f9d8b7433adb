internal import CCrypt

/// bcrypt as crypt(3) has it: `$2y$<cost>$<22 characters of salt><31 of hash>`.
enum Bcrypt {
    /// One more doubles the time; 15 takes seconds.
    static let costs = 4...15
    /// What follows is not looked at by the algorithm.
    static let longestPassword = 72
    private static let standardCost: UInt = 12

    /// - Parameter fields: What stands between the `$` after `2y`.
    static func check(_ fields: [Substring]) throws(PasswordHashError) {
        guard fields.count == 2, fields[0].utf8.count == 2, let cost = Int(fields[0]), fields[1].utf8.count == 53,
            fields[1].utf8.allSatisfy({ isDigit($0) })
        else { throw .notAHash }
        guard costs.contains(cost) else { throw .outOfBounds("a cost", costs.words) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    static func verify(_ stored: String, _ password: [UInt8]) -> Bool {
        guard let computed = crypt(password, stored) else { return false }
        let stored = Array(stored.utf8)
        guard computed.count == stored.count else { return false }
        return zip(computed, stored).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// - Returns: Nil for a password that would be cut short, or holds a NUL.
    static func hash(_ password: [UInt8]) -> String? {
        guard password.count <= longestPassword else { return nil }
        var generator = SystemRandomNumberGenerator()
        let random = (0..<16).map { _ in CChar.random(in: .min ... .max, using: &generator) }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard
            crypt_gensalt_rn("$2y$", standardCost, random, Int32(random.count), &setting, Int32(setting.count)) != nil
        else { return nil }
        let text = String(decoding: setting.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return crypt(password, text).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func crypt(_ password: [UInt8], _ setting: String) -> [UInt8]? {
        guard !password.contains(0) else { return nil }
        // 32 KiB, too much for the stack of a thread pool.
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        defer { data.deallocate() }
        data.initialize(to: crypt_data())
        return (password + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { phrase -> [UInt8]? in
                guard let start = phrase.baseAddress, let result = crypt_r(start, setting, data) else { return nil }
                let computed = Array(String(cString: result).utf8)
                // What begins so tells of a failure.
                return computed.first == UInt8(ascii: "*") ? nil : computed
            }
        }
    }
}
