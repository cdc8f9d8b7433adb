import Configuration
import OCI
import Testing

@Suite struct ResilienceTests {
    private func load(_ text: String) throws -> Configuration {
        try ConfigurationLoader.load(text: text, environment: [:])
    }

    private func problems(_ text: String) -> [String] {
        let error = #expect(throws: ConfigurationProblems.self) { try load(text) }
        return error?.problems.map { "\($0)" } ?? []
    }

    @Test func `all keys are read, and shown as they can be read again`() throws {
        let configuration = try load(
            """
            offline = true
            [resilience]
            header_timeout = "3s"
            hedge_delay = "200ms"
            breaker_failures = 2
            breaker_pause = "1m"
            [repository.x]
            stale_while_revalidate = "30s"
            stale_if_error = "2d"
            immutable_tags = true
            immutable_tags_exclusions = ["^latest$", "-rc"]
            negative_ttl = 0
            serve_on_denied = true
            complete_on_pull = false
            offline = true
            [[repository.x.upstream]]
            url = "https://x.io"
            credential_helper = "ecr-login"
            [[repository.x.upstream]]
            url = "https://y.io"
            credential_helper = "/opt/helper"
            """)
        #expect(configuration.isOffline)
        #expect(
            configuration.resilience
                == ResilienceSection(
                    headerTimeout: .seconds(3), hedgeDelay: .milliseconds(200), breakerFailures: 2,
                    breakerPause: .seconds(60)))
        let repository = configuration.repositories[0]
        #expect(
            repository.freshness
                == FreshnessSection(
                    staleWhileRevalidate: .seconds(30), staleIfError: .seconds(2 * 86_400), immutableTags: true,
                    immutableTagsExclusions: [try TagPattern("^latest$"), try TagPattern("-rc")],
                    negativeTTL: .seconds(0), serveOnDenied: true))
        #expect(!repository.completeOnPull)
        #expect(repository.isOffline)
        #expect(repository.upstreams.map(\.credentialHelper) == ["docker-credential-ecr-login", "/opt/helper"])
        #expect(try load(configuration.toml()) == configuration)
    }

    @Test(arguments: [
        ("^latest$", "latest", true), ("^latest$", "latest-1", false), ("rc", "v1-rc2", true),
        ("(a+)+$", "aaaaab", false),
    ])
    func `patterns match anywhere unless anchored`(pattern: String, tag: String, matches: Bool) throws {
        #expect(try TagPattern(pattern).matches(tag) == matches)
    }

    @Test(arguments: [
        ("immutable_tags = true\nimmutable_tags_exclusions = [\"(\"]", "is not a regular expression"),
        ("immutable_tags = true\nimmutable_tags_exclusions = [\"(?=a)\"]", "is not a regular expression"),
        ("immutable_tags = true\nimmutable_tags_exclusions = \"a\"", "expected an array of strings"),
        ("immutable_tags = true\nimmutable_tags_exclusions = [1]", "expected strings"),
        ("immutable_tags_exclusions = [\"a\"]", "has no effect without immutable_tags"),
        ("immutable_tags = \"yes\"", "expected a boolean"),
        ("stale_if_error = \"-1s\"", "is not a duration"),
    ])
    func `what makes no sense is a problem`(text: String, message: String) {
        #expect(problems("[repository.x]\n\(text)").contains { $0.contains(message) })
    }

    @Test(arguments: [
        ("credential_helper = \"a b\"", "neither a helper's name"),
        ("credential_helper = \"../a\"", "neither a helper's name"),
        ("credential_helper = \"a\"\nusername = \"u\"\npassword = \"p\"", "is given beside username"),
    ])
    func `a helper is a name or a path, and alone`(text: String, message: String) {
        #expect(
            problems("[[repository.x.upstream]]\nurl = \"https://x.io\"\n\(text)").contains { $0.contains(message) })
    }
}
