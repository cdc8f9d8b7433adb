import Access
import Testing

/// What clients show in `Authorization`.
@Suite struct CredentialsTests {
    @Test(arguments: [
        ("Basic YWxpY2U6b3BlbiBzZXNhbWU=", "alice"), ("basic  YWxpY2U6", "alice"), ("BASIC YWxpY2U6Og==", "alice"),
    ])
    func `name and password are read`(field: String, name: String) throws {
        guard case .basic(let credentials) = try Credentials(field) else {
            Issue.record("no name and password")
            return
        }
        #expect(credentials.username.value == name)
        #expect("\(credentials)" == "alice:(secret)")
    }

    @Test func `a token is read`() throws {
        guard case .bearer("abc.def") = try Credentials("bearer abc.def") else {
            Issue.record("no token")
            return
        }
    }

    @Test(arguments: [
        "", "Basic", "Basic ", "Basic YWxpY2U", "Basic YWxpY2U6b3BlbiBzZXNhbWU", "Basic !!!!", "Basic OnNlY3JldA==",
        "Basic YWxpY2U=", "Basic YWxpY2V6", "Basic YQBiOmM=", "Basic YWxpY2U6b3BlbiBzZXNhbWV=", "Bearer ", "Bearer a b",
        "Digest username=x", "Basic YWxpY2U6b3BlbiBzZXNhbWU= x",
    ])
    func `what is neither is malformed`(field: String) {
        #expect(throws: CredentialError.malformed) { try Credentials(field) }
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("2001:DB8::0001", "2001:db8::1"), ("::1", "::1"),
    ])
    func `an address has one text`(text: String, canonical: String) {
        #expect(ClientAddress(text)?.description == canonical)
    }

    @Test(arguments: ["", "localhost", "192.0.2", "fe80::1%eth0", "::ffff:192.0.2.1", "192.0.2.1:80"])
    func `other text is no address`(text: String) {
        #expect(ClientAddress(text) == nil)
    }

    @Test(arguments: ["", "a:b", "a\nb", String(repeating: "x", count: 256)])
    func `other text is no user name`(text: String) {
        #expect(Username(text) == nil)
    }

    @Test func `user names are bytes`() {
        #expect(Username("caf\u{e9}") != Username("cafe\u{301}"))
    }
}
