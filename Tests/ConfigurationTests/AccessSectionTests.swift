import Access
import Configuration
import OCI
import Testing

/// Who may do what, read from files.
@Suite struct AccessSectionTests {
    static let hash = "$2y$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe"

    @Test func `identities and policies are read`() throws {
        let configuration = try ConfigurationLoader.load(
            text: """
                [identity.alice]
                username = "a"
                password = "\(Self.hash)"
                groups = ["dev", "ops"]
                [global.access_policy]
                default_allow = true
                rules = ["identity.id == null"]
                [repository."docker.io".access_policy]
                rules = ["true"]
                """)
        let user = try #require(configuration.identities.first?.user)
        #expect(user.id.value == "alice" && user.username.value == "a" && user.groups == ["dev", "ops"])
        #expect(user.password == (try PasswordHash(Self.hash)))
        #expect(configuration.accessPolicy?.defaultAllow == true)
        #expect(configuration.accessPolicy?.rules.map(\.text) == ["identity.id == null"])
        #expect(configuration.repositories.first?.accessPolicy == AccessPolicy(rules: [try AccessRule("true")]))
    }

    @Test func `a hash in a file is shown as the file, one in the text not at all`() throws {
        let files = try TemporaryFiles()
        try files.write("hash", Self.hash + "\n")
        let text = """
            [identity.a]
            username = "a"
            password_file = "\(files.path)/hash"
            """
        let configuration = try ConfigurationLoader.load(text: text)
        #expect(try ConfigurationLoader.load(text: configuration.toml()) == configuration)
        let inline = try ConfigurationLoader.load(
            text: "[identity.a]\nusername = \"a\"\npassword = \"\(Self.hash)\"")
        #expect(inline.toml().contains("# password = \"(secret)\""))
        #expect(!inline.toml().contains(Self.hash))
        #expect(!String(reflecting: inline).contains(Self.hash))
    }

    @Test func `policies survive being shown`() throws {
        let configuration = try ConfigurationLoader.load(
            text: #"""
                [global.access_policy]
                rules = ['request.tag == "x" && "\\n" != "\t"', "true"]
                """#)
        #expect(try ConfigurationLoader.load(text: configuration.toml()) == configuration)
    }

    static let elsewhere = "[server]\nbind_address = \"0.0.0.0\"\n"
    static let identity = "[identity.a]\nusername = \"a\"\npassword = \"\(hash)\"\n"

    @Test(arguments: [
        ("", DefaultAccess.open), ("[repository.x]", .open), (identity, .reads), (identity + "[repository.x]", .reads),
        ("[global.access_policy]", .reads), ("[repository.x.access_policy]", .reads),
        (elsewhere + "[repository.x]", .reads), (elsewhere + identity, .reads),
        ("[global]\ndefault_access = \"reads\"", .reads), (elsewhere + "[global]\ndefault_access = \"open\"", .open),
        (elsewhere + "[global]\ndefault_access = \"reads\"", .reads),
    ])
    func `without a policy it depends on who can come`(text: String, expected: DefaultAccess) throws {
        #expect(try ConfigurationLoader.load(text: text).defaultAccess == expected)
    }

    @Test func `a server that others reach is not opened before it listens to this machine alone`() throws {
        let running = try ConfigurationLoader.load(text: Self.elsewhere + "[repository.x]")
        let next = try ConfigurationLoader.load(text: "[repository.x]")
        #expect(next.defaultAccess == .open)
        #expect(next.adapted(to: running).defaultAccess == .reads)
        #expect(running.adapted(to: next).defaultAccess == .open)
    }

    @Test func `the embedded defaults are for this machine`() {
        let error = #expect(throws: ConfigurationProblems.self) { try ConfigurationLoader.load(text: Self.elsewhere) }
        #expect(error?.problems.map(\.keyPath) == ["server.bind_address"])
        #expect(error?.problems.first?.line == 2)
    }

    @Test func `everything wrong with rules is told at once`() {
        let text = """
            [global.access_policy]
            rules = [
              "identity.nobody == 'x'",
              '''
              true
                && request.tag == 1''',
              "(",
            ]
            """
        let error = #expect(throws: ConfigurationProblems.self) { try ConfigurationLoader.load(text: text) }
        let problems = error?.problems ?? []
        #expect(problems.map(\.keyPath) == (0..<3).map { "global.access_policy.rules[\($0)]" })
        #expect(problems.map(\.line) == [3, 4, 7])
        #expect(problems.count == 3 && problems[1].message.hasPrefix("2:"))
    }
}
