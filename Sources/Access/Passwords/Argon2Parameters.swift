internal import CArgon2
internal import TextEncodings

/// The parameters within a PHC string, `v=19$m=19456,t=2,p=1$<salt>$<hash>`.
struct Argon2Parameters {
    /// In KiB.
    static let memory = 8...262_144
    static let passes = 1...64
    static let lanes = 1...16
    /// KiB times passes: about two seconds of one processor.
    static let mostWork = 4 << 20
    static let saltBytes = 8...64
    /// What programs make. One of another length has lost its end.
    static let hashBytes = [16, 20, 24, 32, 48, 64, 96, 128]

    /// What OWASP advises for argon2id: 19 MiB, two passes, one lane.
    static let standard = (memory: UInt32(19_456), passes: UInt32(2), lanes: UInt32(1))

    /// - Parameter fields: What stands between the `$` after the function's name.
    static func check(_ fields: [Substring]) throws(PasswordHashError) {
        var fields = fields[...]
        // Hashes of the first version carry none.
        if let version = fields.first, version.hasPrefix("v=") {
            guard version == "v=19" || version == "v=16" else {
                throw .outOfBounds("a version of argon2 that is", "version 19")
            }
            fields = fields.dropFirst()
        }
        guard fields.count == 3, let costs = fields.popFirst(), let salt = fields.popFirst(),
            let hash = fields.popFirst()
        else { throw .notAHash }
        let values = costs.split(separator: ",", omittingEmptySubsequences: false)
        guard values.count == 3, let memory = number(values[0], "m="), let passes = number(values[1], "t="),
            let lanes = number(values[2], "p=")
        else { throw .notAHash }
        guard lanes >= 1, Self.lanes.contains(lanes) else { throw .outOfBounds("parallelism (p)", Self.lanes.words) }
        guard Self.memory.contains(memory), memory >= 8 * lanes else {
            throw .outOfBounds("memory (m)", "8 times p to \(Self.memory.upperBound) KiB")
        }
        guard Self.passes.contains(passes), memory * passes <= mostWork else {
            throw .outOfBounds(
                "passes (t)", "\(Self.passes.words), and with memory (m) no more than \(mostWork >> 20) GiB in all")
        }
        guard let salt = Base64.unpadded.decode(salt.utf8),
            let hash = Base64.unpadded.decode(hash.utf8)
        else { throw .notAHash }
        guard saltBytes.contains(salt.count) else { throw .outOfBounds("a salt", "\(saltBytes.words) bytes of salt") }
        guard hashBytes.contains(hash.count) else {
            throw .outOfBounds(
                "a length (its end may be missing)",
                "the whole line, with \(hashBytes.dropLast().map(String.init).joined(separator: ", ")) or "
                    + "\(hashBytes.last ?? 0) bytes of hash")
        }
    }

    /// At most seven digits, as C's parser would wrap around later.
    private static func number(_ text: Substring, _ name: String) -> Int? {
        guard text.hasPrefix(name) else { return nil }
        let digits = text.dropFirst(name.count)
        guard (1...7).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            digits == "0" || !digits.hasPrefix("0")
        else { return nil }
        return Int(digits)
    }

    /// - Returns: Nil if the memory is not there.
    static func hash(_ password: [UInt8]) -> String? {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let length = argon2_encodedlen(standard.passes, standard.memory, standard.lanes, 16, 32, Argon2_id)
        var text = [CChar](repeating: 0, count: length)
        let status = argon2id_hash_encoded(
            standard.passes, standard.memory, standard.lanes, password, password.count, salt, salt.count, 32, &text,
            text.count)
        guard status == ARGON2_OK.rawValue else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
