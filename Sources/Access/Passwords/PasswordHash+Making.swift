extension PasswordHash {
    /// How `entrepot hash-password` can store a password.
    public enum Method: String, Sendable, CaseIterable {
        case argon2id, bcrypt
    }

    /// Hashes with a fresh random salt; takes the time that a check will take.
    public init(hashing password: [UInt8], by method: Method) throws(PasswordHashingError) {
        guard !password.isEmpty else { throw .empty }
        let text: String
        switch method {
        case .argon2id:
            guard let made = Argon2Parameters.hash(password) else { throw .failed }
            text = made
        case .bcrypt:
            guard let made = Bcrypt.hash(password) else { throw .notForBcrypt }
            text = made
        }
        do throws(PasswordHashError) {
            try self.init(text)
        } catch {
            throw .failed
        }
    }
}

public enum PasswordHashingError: Error, Equatable {
    case empty
    /// bcrypt takes no more than 72 bytes, and no NUL.
    case notForBcrypt
    /// The memory is not there.
    case failed
}
