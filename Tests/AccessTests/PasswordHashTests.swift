import Access
import Testing
import Threads

/// Stored passwords.
@Suite struct PasswordHashTests {
    /// "password", as other programs hash it: argon2(1), htpasswd, RFC 9106's reference implementation.
    static let known = [
        "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
        "$2y$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe",
    ]

    @Test(arguments: PasswordHash.Method.allCases)
    func `a fresh hash is of its password and of no other`(method: PasswordHash.Method) async throws {
        let hash = try PasswordHash(hashing: Array("correct horse".utf8), by: method)
        #expect(hash.reveal().hasPrefix(method == .bcrypt ? "$2y$12$" : "$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(try await Checks.accepts("correct horse", hash))
        #expect(try await !Checks.accepts("correct horsf", hash))
        #expect(try await !Checks.accepts("", hash))
        #expect(try PasswordHash(hashing: Array("correct horse".utf8), by: method) != hash)
    }

    @Test func `nothing can be hashed to nothing`() {
        #expect(throws: PasswordHashingError.empty) { try PasswordHash(hashing: [], by: .argon2id) }
        let long = [UInt8](repeating: 97, count: 73)
        #expect(throws: PasswordHashingError.notForBcrypt) { try PasswordHash(hashing: long, by: .bcrypt) }
        #expect(throws: PasswordHashingError.notForBcrypt) { try PasswordHash(hashing: [97, 0], by: .bcrypt) }
    }

    @Test(arguments: [
        "", "secret", "$1$abc$def", "$argon2id", "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=18$m=64,t=2,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=999999,t=2,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=4294967360,t=2,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=262144,t=64,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=64,t=2,p=0$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=64,t=2,p=17$c29tZXNhbHQ$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=64,t=2,p=1$c2FsdA$bmYuOLDdxuIDPd+NV3tlZv3ttDNfqQbOQGwTcmDNZ4o",
        "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$bmYu", "$argon2id$v=19$t=2,m=64,p=1$c29tZXNhbHQ$bmYuOLDdxuIDPd8",
        "$2y$16$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe",
        "$2y$03$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe", "$2y$05$short",
        "$2x$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe",
    ])
    func `what is no hash, or too dear to check, is refused`(text: String) {
        do throws(PasswordHashError) {
            _ = try PasswordHash(text)
            Issue.record("it was taken")
        } catch {
            // What stands in the file may be the password itself.
            #expect(text.isEmpty || !error.message.contains(text))
            #expect(!error.remedy.isEmpty)
        }
    }

    @Test func `it does not print`() throws {
        let hash = try PasswordHash(Self.known[2])
        #expect("\(hash)" == "(secret)")
        #expect(String(reflecting: hash) == "(secret)")
        #expect(Mirror(reflecting: hash).children.isEmpty)
    }

    @Test func aHashThatHasLostItsEndIsNone() throws {
        let whole = Self.known[0]
        _ = try PasswordHash(whole)
        var refused = 0
        for length in 1...20 {
            do throws(PasswordHashError) { _ = try PasswordHash(String(whole.dropLast(length))) } catch {
                refused += 1
            }
        }
        // Of 24 and 20 bytes there are honest ones.
        #expect(refused >= 18)
    }
}

/// One check by a verifier that knows nothing yet.
enum Checks {
    static func accepts(_ password: String, _ hash: PasswordHash) async throws -> Bool {
        let verifier = PasswordVerifier(pool: .shared)
        let alice = try user("alice", hash)
        do {
            return try await verifier.user(credentials("alice", password), among: Users([alice]), from: nil) == alice
        } catch CredentialError.wrong {
            return false
        }
    }

    static func user(_ name: String, _ hash: PasswordHash) throws -> User {
        User(
            id: try #require(IdentityID(name)), username: try #require(Username(name)), groups: ["dev"],
            password: hash)
    }

    static func credentials(_ name: String, _ password: String) throws -> BasicCredentials {
        let username = try #require(Username(name))
        return try #require(BasicCredentials(username: username, password: password))
    }
}
