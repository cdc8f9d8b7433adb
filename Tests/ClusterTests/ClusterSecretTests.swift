@testable import Cluster
import Testing

@Suite struct ClusterSecretTests {
    private let secret = ClusterSecret("one secret")
    private let other = ClusterSecret("another one")

    @Test func `what is sealed opens for the same secret and use alone`() throws {
        let text = Array("a token".utf8)
        let sealed = try #require(secret.seal(text, for: "tokens"))
        #expect(secret.open(sealed, for: "tokens") == text)
        #expect(secret.open(sealed, for: "else") == nil)
        #expect(other.open(sealed, for: "tokens") == nil)
        #expect(try #require(secret.seal(text, for: "tokens")) != sealed)
        #expect(secret.open([], for: "tokens") == nil)
        for index in sealed.indices {
            var broken = sealed
            broken[index] ^= 1
            #expect(secret.open(broken, for: "tokens") == nil)
        }
    }

    @Test func `a name follows from all parts and their bounds`() {
        #expect(secret.name(["a", "bc"]) == secret.name(["a", "bc"]))
        #expect(secret.name(["a", "bc"]) != secret.name(["ab", "c"]))
        #expect(secret.name(["a"]) != other.name(["a"]))
    }

    @Test func `the secret is in no text`() {
        #expect("\(secret) \(String(reflecting: secret))".contains("one secret") == false)
    }

    @Test func `a note names an owner to those who know the secret, for its content`() throws {
        let owner = FillOwner(id: "0123", address: "https://10.0.0.1:5000")
        let note = owner.note(secret, for: "sha256:aa")
        #expect(FillOwner(note: note, secret, for: "sha256:aa") == owner)
        #expect(FillOwner(note: note, secret, for: "sha256:bb") == nil)
        #expect(FillOwner(note: note, other, for: "sha256:aa") == nil)
        for garbage in ["", "1 a b", "1 0123 https://10.0.0.1:5000 AAAA", String(repeating: "x", count: 2000)] {
            #expect(FillOwner(note: Array(garbage.utf8), secret, for: "sha256:aa") == nil)
        }
    }

    @Test func `a proof is for one request and a minute`() {
        let field = PeerProof.field(secret, "GET", "/a?b=c", "bytes=1-", now: 1000)
        func isShown(
            _ field: String?, _ secret: ClusterSecret? = nil, _ method: String = "GET", _ target: String = "/a?b=c",
            _ range: String? = "bytes=1-", now: Int64 = 1000
        ) -> Bool { PeerProof.isShown(by: field, secret ?? self.secret, method, target, range, now: now) }
        #expect(isShown(field) && isShown(field, now: 1060) && isShown(field, now: 940))
        #expect(!isShown(field, now: 1061) && !isShown(field, now: 939) && !isShown(field, now: .min))
        #expect(!isShown(field, other) && !isShown(field, nil, "PUT") && !isShown(field, nil, "GET", "/a?b=d"))
        #expect(!isShown(field, nil, "GET", "/a?b=c", nil) && !isShown(field, nil, "GET", "/a?b=c", "bytes=2-"))
        for garbage in [nil, "", "Entrepot-Replica ", "Entrepot-Replica 1000:", "Entrepot-Replica x:y:z", "Bearer x"] {
            #expect(!isShown(garbage))
        }
    }
}
