import Configuration
import Foundation
import Testing
import Tokens

@Suite struct TokenSectionTests {
    private let files: TemporaryFiles

    init() throws {
        files = try TemporaryFiles()
        let key = try SigningKey.generate(.es256)
        try files.write("key", key)
        try files.write(
            "chain",
            try SigningKey(pem: key).selfSignedCertificate(
                name: "tokens", from: Int64(Date().timeIntervalSince1970), days: 2))
        try files.write("old", try SigningKey.generate(.edDSA))
        try files.write("junk", "junk")
    }

    private func load(_ lines: String...) throws -> TokenSection? {
        let text = (["[token]"] + lines).joined(separator: "\n").replacing("DIR", with: files.path)
        return try ConfigurationLoader.load(text: text).token
    }

    @Test func aKeyIsEnough() throws {
        let token = try #require(try load(#"key = "DIR/key""#))
        #expect(token.issuer == "entrepot")
        #expect(token.services.map(\.text) == ["entrepot"])
        #expect(token.defaultService.text == "entrepot")
        #expect(token.keys.signing.algorithm == .es256)
        #expect(token.ttl == .seconds(300))
        #expect(token.refreshTTL == .seconds(2_592_000))
        #expect(token.realm == nil)
        #expect(try ConfigurationLoader.load(text: "").token == nil)
    }

    @Test func everythingCanBeSaidAndReadsBack() throws {
        let token = try #require(
            try load(
                #"issuer = "https://tokens.example.com""#, #"key = "DIR/key""#, #"cert_chain = "DIR/chain""#,
                #"previous_keys = ["DIR/old"]"#, #"alg = "ES256""#, "ttl = 900", #"refresh_ttl = "7d""#,
                #"kid_format = "libtrust""#, #"services = ["entrepot", "registry.example.com", "entrepot"]"#,
                #"default_service = "registry.example.com""#, #"realm = "https://registry.example.com/auth/token""#))
        #expect(token.services.map(\.text) == ["entrepot", "registry.example.com"])
        #expect(token.defaultService.text == "registry.example.com")
        #expect(token.keys.chain != nil)
        #expect(token.keys.previous.count == 1)
        #expect(token.keys.idFormat == .libtrust)
        let configuration = Configuration(token: token)
        #expect(try ConfigurationLoader.load(text: configuration.toml()).token == token)
    }

    @Test func allProblemsAreToldAtOnce() throws {
        let error = #expect(throws: ConfigurationProblems.self) {
            try load(
                #"key = "DIR/junk""#, #"cert_chain = "DIR/absent""#, #"previous_keys = ["DIR/junk", "DIR/nowhere"]"#,
                #"alg = "HS256""#, "ttl = 59", #"refresh_ttl = "1s""#, #"kid_format = "x""#, #"services = ["a\"b"]"#,
                #"default_service = "b""#, #"realm = "registry.example.com""#, "frob = 1")
        }
        let keys = error?.problems.map(\.keyPath) ?? []
        #expect(
            Set(keys)
                == Set(
                    [
                        "key", "cert_chain", "previous_keys", "alg", "ttl", "refresh_ttl", "kid_format", "services",
                        "default_service", "realm", "frob",
                    ].map { "token.\($0)" }))
        #expect(keys.count(where: { $0 == "token.previous_keys" }) == 2)
        #expect(error?.problems.contains { $0.message.contains("junk\n") || $0.message.contains("BEGIN") } == false)
    }

    @Test(arguments: [
        ("", "token.key", "is missing"),
        (#"key = "DIR/key"\#nalg = "RS256""#, "token.alg", "RS256 does not go with the key, which is for ES256"),
        (
            #"key = "DIR/old"\#ncert_chain = "DIR/chain""#, "token.cert_chain",
            "begins with a certificate of another key"
        ),
        (#"key = "DIR/key"\#nttl = "2d""#, "token.ttl", "2d is too long"),
        (#"key = "DIR/key"\#nservices = []"#, "token.services", "names no service"),
        (
            #"key = "DIR/key"\#nservices = ["registry.example.com"]"#, "token.default_service",
            "is missing beside services"
        ),
        (#"key = "DIR/key"\#nrealm = "https://""#, "token.realm", "the host is missing"),
        (#"key = "DIR/key"\#nrealm = "https://a/b c""#, "token.realm", "spaces"),
        (#"key = "DIR/key"\#nissuer = "a\nb""#, "token.issuer", "control characters"),
    ])
    func whatIsWrongIsNamed(text: String, key: String, message: String) throws {
        let error = #expect(throws: ConfigurationProblems.self) { try load(text) }
        #expect(error?.problems.map(\.keyPath) == [key])
        #expect(error?.problems.first?.message.contains(message) == true)
    }
}
