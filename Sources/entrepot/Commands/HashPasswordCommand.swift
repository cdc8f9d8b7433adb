public import Access
public import ArgumentParser

struct HashPasswordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-password",
        abstract: "Print the hash of a password, for identity.<id>.password.",
        discussion: """
            Asks for the password at a terminal, twice and without showing it; else reads it from standard input, where \
            newlines at the end do not count.
            """,
        aliases: ["argon"])

    @Option(help: "How to hash: \(PasswordHash.Method.allCases.map(\.rawValue).joined(separator: " or ")).")
    var algorithm: PasswordHash.Method = .argon2id

    func run() throws {
        do {
            print(try PasswordHash(hashing: try PasswordInput.read(), by: algorithm).reveal())
        } catch let error as PasswordInputError {
            try fail(error.message)
        } catch PasswordHashingError.empty {
            try fail("the password is empty")
        } catch PasswordHashingError.notForBcrypt {
            try fail("bcrypt takes at most 72 bytes and no NUL; use argon2id")
        } catch PasswordHashingError.failed {
            try fail("the password cannot be hashed: is there not enough memory?")
        }
    }

    private func fail(_ message: String) throws -> Never {
        StandardError.write("entrepot: \(message)\n")
        throw ExitCode.failure
    }
}

extension PasswordHash.Method: ExpressibleByArgument {}
