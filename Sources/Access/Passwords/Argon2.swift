internal import CArgon2

/// Which of the three functions of RFC 9106 made a hash.
enum Argon2Variant: String, Sendable, Equatable {
    case argon2id, argon2i, argon2d

    private var type: argon2_type {
        switch self {
        case .argon2id: Argon2_id
        case .argon2i: Argon2_i
        case .argon2d: Argon2_d
        }
    }

    func verify(_ encoded: String, _ password: [UInt8]) -> Bool {
        argon2_verify(encoded, password, password.count, type) == ARGON2_OK.rawValue
    }
}
