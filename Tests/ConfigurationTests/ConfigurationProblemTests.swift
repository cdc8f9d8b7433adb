import Configuration
import Foundation
import TestSupport
import Testing

/// One line of each kind of mistake, and what is said about it.
@Suite struct ConfigurationProblemTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let text: String
        let line: Int?
        let keyPath: String
        let says: String
        var testDescription: String { "\(keyPath): \(says)" }

        init(_ text: String, _ line: Int?, _ keyPath: String, _ says: String) {
            self.text = text
            self.line = line
            self.keyPath = keyPath
            self.says = says
        }
    }

    static let upstream = "[[repository.x.upstream]]\nurl = \"https://x.io\"\n"

    private static let password = "password = \"$2y$05$cX9NZdhO2.mwpIdH2MQpfOZPn/V6PXsbSPWeBOP.h4M3fGDhtpOOe\""

    static let mistakes: [Mistake] = [
        // Unknown keys.
        Mistake("max_concurent_requests = 1", 1, "max_concurent_requests", "did you mean 'max_concurrent_requests'?"),
        Mistake("[server]\n\nbind-address = 1", 3, "server.bind-address", "did you mean 'bind_address'?"),
        Mistake("port = 1", 1, "port", "did you mean 'server.port'?"),
        Mistake(
            "[repository.docker.io]\nnamespace = \"x\"", 1, "repository.docker.io",
            "unknown key; a name with dots stands in quotes: write [repository.\"docker.io\"]"),
        Mistake("[log]\ncolour = 1", 2, "log.colour", "unknown key; remove it; known here: level, format"),
        Mistake("[sevrer]\nport = 1", 1, "sevrer", "did you mean 'server'?"),
        Mistake("[server.tsl]\na = 1", 1, "server.tsl", "did you mean 'tls'?"),
        Mistake("[repository.x]\ntagttl = 1", 2, "repository.x.tagttl", "did you mean 'tag_ttl'?"),
        Mistake(upstream + "urll = 1", 3, "repository.x.upstream[0].urll", "did you mean 'url'?"),
        // Modes and pushes.
        Mistake("[repository.x]\nmode = \"mirror\"", 2, "repository.x.mode", "there are no upstreams"),
        Mistake("[repository.x]\nmode = \"overlay\"", 2, "repository.x.mode", "there are no upstreams"),
        Mistake("[repository.x]\nmode = \"local\"\n" + upstream, 2, "repository.x.mode", "write \"overlay\""),
        Mistake(
            "[repository.x]\nmode = \"overlayed\"\n" + upstream, 2, "repository.x.mode", "did you mean \"overlay\"?"),
        Mistake("[repository.x]\nimmutable_tags = 1", 2, "repository.x.immutable_tags", "write true or false"),
        Mistake("[repository.x]\nwrite_refusal_status = 200", 2, "repository.x.write_refusal_status", "out of range"),
        Mistake("[uploads]\nexpiry = \"1s\"", 2, "uploads.expiry", "too short"),
        // Who may do what.
        Mistake("[identity.root]\nusername = \"r\"", 1, "identity.root.password", "is missing"),
        Mistake("[identity.root]\npassword = \"open\"", 2, "identity.root.password", "hash-password"),
        Mistake("[identity.root]\nusername = \"r:r\"", 2, "identity.root.username", "colon"),
        Mistake("[identity.root]\npasword = \"x\"", 2, "identity.root.pasword", "did you mean 'password'?"),
        Mistake("[identity.root]\npassword_file = \"/none\"", 2, "identity.root.password_file", "'/none' cannot be"),
        Mistake("[identity.root]\ngroups = [\"a\", \"\"]", 2, "identity.root.groups[1]", "not a group's name"),
        Mistake(
            "[identity.a]\nusername = \"x\"\n\(password)\n[identity.b]\nusername = \"x\"\n\(password)", 5,
            "identity.b.username", "the user name of identity 'a' as well"),
        Mistake("[global]\ndefault_access = \"read\"", 2, "global.default_access", "did you mean \"reads\"?"),
        Mistake("[global.access_policy]\ndefault_allow = 1", 2, "global.access_policy.default_allow", "true or false"),
        Mistake(
            "[global.access_policy]\nrules = [\n  \"true\",\n  \"identity.id == 5\",\n]", 4,
            "global.access_policy.rules[1]", "\n    identity.id == 5\n                ^"),
        Mistake(
            "[repository.x.access_policy]\nrules = [\"request.tga == 'x'\"]", 2, "repository.x.access_policy.rules[0]",
            ": 1:"),
        Mistake("[server]\nbind_address = \"0.0.0.0\"", 2, "server.bind_address", "global.default_access"),
        // Known, but not yet.
        // Buckets.
        Mistake("[storage.s3]\nregion = \"x\"", 1, "storage.s3.bucket", "is missing"),
        Mistake("[storage.s3]\nbucket = \"a/b\"", 2, "storage.s3.bucket", "holds a character"),
        Mistake(
            "[storage.s3]\nbucket = \"b\"\nendpoint = \"https://h/b\"", 3, "storage.s3.endpoint", "has a path"),
        Mistake(
            "[storage.s3]\nbucket = \"b\"\naccess_key_id = \"a\"", 3, "storage.s3.access_key_id", "without a secret"),
        Mistake(
            "[storage.s3]\naccess_key_id = \"a\"\nsecret_key = \"a\"\nsecret_key_file = \"a\"", 4,
            "storage.s3.secret_key_file", "is given beside secret_key"),
        Mistake("[storage.s3]\nsecret_key = \"a\"", 2, "storage.s3.secret_key", "without access_key_id"),
        Mistake("[storage.s3]\nkey_prefix = \"a/../b\"", 2, "storage.s3.key_prefix", "is no prefix of keys"),
        Mistake(
            "[storage.s3]\nmultipart_min_part_size = \"1MiB\"", 2, "storage.s3.multipart_min_part_size", "out of range"),
        Mistake("[storage.s3]\nkms_key_id = \"a\"", 2, "storage.s3.kms_key_id", "has no effect without"),
        Mistake("[storage.s3]\nblob_redirect = \"auto\"", 2, "storage.s3.blob_redirect", "without redirect_networks"),
        Mistake("[storage.s3]\nredirect_networks = [\"::/0\"]", 2, "storage.s3.redirect_networks", "has no effect"),
        Mistake(
            "[storage.s3]\nbucket = \"b\"\n[storage.cache]\ndirectory = \"d\"", 3, "storage.cache.max_size",
            "is missing"),
        Mistake(
            "[storage.fs]\nroot_dir = \"a\"\n[storage.cache]\nmax_size = \"1GiB\"", 3, "storage.cache",
            "has no effect"),
        Mistake("[storage.fs]\nroot_dir = \"a\"\n[storage.s3]\nbucket = \"b\"", 3, "storage.s3", "beside fs"),
        // Several servers.
        Mistake("[lock_store.redis]\nurl = \"r\"", 2, "lock_store.redis.url", "a scheme other than redis and unix"),
        Mistake("[lock_store.redis]\nurl = \"rediss://r.io\"", 2, "lock_store.redis.url", "asks for TLS"),
        Mistake("[lock_store.redis]\nurl = \"redis://r.io/x\"", 2, "lock_store.redis.url", "no number"),
        Mistake("[lock_store.redis]\nurl = \"unix://r\"", 2, "lock_store.redis.url", "names no socket"),
        Mistake("[lock_store.redis]\nkey_prefix = \"x\"", 1, "lock_store.redis.url", "is missing"),
        Mistake("[cache_store]", 1, "cache_store.redis", "is missing"),
        Mistake("cache_store.redis = { url = \"redis://x.io\", ttl = 5 }", 1, "cache_store.redis.ttl", "unknown key"),
        Mistake(
            "lock_store.redis = { url = \"redis://x.io\", ttl = 2, timeout = 1 }", 1, "lock_store.redis.timeout",
            "at most a third of ttl"),
        Mistake(
            "lock_store.redis = { master = \"x\" }", 1, "lock_store.redis.sentinels", "give both, or url alone"),
        Mistake(
            "lock_store.redis = { url = \"redis://y\", master = \"x\", sentinels = [\"s:26379\"] }", 1,
            "lock_store.redis.url", "another host than the master"),
        Mistake("[cluster]\nsecret_file = \"/none\"", 1, "cluster", "no effect without [lock_store.redis]"),
        Mistake(
            "[lock_store.redis]\nurl = \"redis://x.io\"\n[cluster]\nsecret_file = \"/none\"", 4, "cluster.secret_file",
            "'/none' cannot be read"),
        Mistake("[auth]", 1, "auth", "is not in this version"),
        Mistake("[cache]\nlow_watermark = 96", 2, "cache.low_watermark", "96 is not below high_watermark, 95"),
        Mistake(
            "[cache]\npinned = [\"debian\"]", 2, "cache.pinned",
            "entry 0: 'debian' is neither a digest nor a pattern of repository:tag"),
        Mistake("[observability.tracing]", 1, "observability.tracing.endpoint", "is missing"),
        Mistake(
            "[observability.tracing]\nendpoint = \"collector:4318\"", 2, "observability.tracing.endpoint",
            "is not an http or https address"),
        Mistake(
            "[observability.tracing]\nendpoint = \"http://c/v1/traces\"\nsampling_rate = 2", 3,
            "observability.tracing.sampling_rate", "is not a number between 0 and 1"),
        Mistake(
            "[limits.address]\nrequest_burst = 5", 2, "limits.address.request_burst",
            "has no effect without requests_per_second"),
        Mistake("[log.levels]\nupstreams = \"info\"", 2, "log.levels.upstreams", "did you mean 'upstream'?"),
        Mistake(
            "[[notifications.endpoint]]\nname = \"A b\"\nurl = \"https://x.io\"", 2, "notifications.endpoint[0].name",
            "is no name of an endpoint"),
        Mistake(
            "[[notifications.endpoint]]\nname = \"a\"\nurl = \"https://x.io\"\nactions = [\"pulls\"]", 4,
            "notifications.endpoint[0].actions", "is no action"),
        Mistake(
            "[[audit.sink]]\ntype = \"stdout\"\npath = \"x\"", 3, "audit.sink[0].path", "has no effect with type"),
        Mistake(
            "[[spooler]]\ndirectory = \"/x\"\nrepository = \"docker.io/x\"", 3, "spooler[0].repository",
            "no repository that holds what is pushed"),
        Mistake("[[seed]]\nlist = \"/x\"\nplatforms = [\"amd64\"]", 3, "seed[0].platforms", "is no platform"),
        Mistake("[[seed]]\nlist = \"/x\"\n[[seed]]\nlist = \"/x\"", 4, "seed[1].list", "is another seed's"),
        Mistake("[observability]\nlisten = \"127.0.0.1\"", 2, "observability.listen", "the port is missing"),
        Mistake(
            "[repository.x.retention_policy]\nrules = [\"image.tg == 'x'\"]", 2,
            "repository.x.retention_policy.rules[0]", "image.tg"),
        // Types.
        Mistake("server = 1", 1, "server", "expected a table, found an integer; write it as [server]"),
        Mistake("repository = []", 1, "repository", "expected a table, found an array"),
        Mistake("[repository]\nx = 1", 2, "repository.x", "expected a table, found an integer"),
        Mistake("[server]\nport = \"5000\"", 2, "server.port", "expected an integer, found a string"),
        Mistake("[server]\nport = true", 2, "server.port", "expected an integer, found a boolean"),
        Mistake("[server]\nbind_address = 1.5", 2, "server.bind_address", "expected a string, found a number"),
        Mistake("[server]\nidle_timeout = []", 2, "server.idle_timeout", "expected a duration, found an array"),
        Mistake("[server]\nmax_blob_size = {}", 2, "server.max_blob_size", "expected a size, found a table"),
        Mistake("[log]\nlevel = 2020-01-01", 2, "log.level", "expected a string, found a date or time"),
        Mistake(
            "[repository.x.upstream]\nurl = \"https://x.io\"", 1, "repository.x.upstream",
            "expected an array of tables, found a table; write each as [[repository.x.upstream]]"),
        // Ranges and grammars.
        Mistake("[server]\nport = 65536", 2, "server.port", "65536 is out of range; write a whole number between 0"),
        Mistake("max_concurrent_requests = 0", 1, "max_concurrent_requests", "0 is out of range"),
        Mistake("[server]\nstreaming_chunk_size = \"4MiB\"", 2, "server.streaming_chunk_size", "between 5MiB and 1GiB"),
        Mistake("[server]\nmax_header_size = \"many\"", 2, "server.max_header_size", "'many' is not a size"),
        Mistake("[server]\nmax_header_size = -1", 2, "server.max_header_size", "-1 is not a size"),
        Mistake("[server]\nidle_timeout = \"1h 5m\"", 2, "server.idle_timeout", "'1h 5m' is not a duration"),
        Mistake("[server]\nidle_timeout = inf", 2, "server.idle_timeout", "inf is not a duration"),
        Mistake("[server]\nidle_timeout = 0", 2, "server.idle_timeout", "0s is too short"),
        Mistake("[server]\nbind_address = \"\"", 2, "server.bind_address", "is empty"),
        Mistake("[server]\nbind_address = \"[::1]:5000\"", 2, "server.bind_address", "'[::1]:5000' is not an address"),
        Mistake("[log]\nlevel = \"warn1ng\"", 2, "log.level", "did you mean \"warning\"?"),
        Mistake("[log]\nformat = \"xml\"", 2, "log.format", "use one of \"text\", \"json\""),
        // Combinations.
        Mistake(
            "max_concurrent_requests = 1\n[global]\nmax_concurrent_requests = 2", 3, "global.max_concurrent_requests",
            "contradicts max_concurrent_requests at the top level"),
        Mistake("[server]\ndefault_repository = \"dokcer.io\"", 2, "server.default_repository", "mean \"docker.io\"?"),
        Mistake("[storage]", 1, "storage", "names no back end"),
        Mistake("[repository]", 1, "repository", "defines no repository"),
        Mistake(
            "[server.tls]\nclient_auth = \"required\"\nserver_private_key = \"/dev/null\"", 1,
            "server.tls.server_certificate_bundle", "is missing; add server_certificate_bundle to [server.tls]"),
        Mistake("[server.tls]\nclient_auth = \"required\"", 2, "server.tls.client_auth", "without client_ca_bundle"),
        // Files.
        Mistake(
            "[server.tls]\nserver_private_key = \"/no/such\"", 2, "server.tls.server_private_key",
            "cannot read '/no/such': No such file or directory"),
        Mistake(
            upstream + "server_ca_bundle = \"/dev/null\"", 3, "repository.x.upstream[0].server_ca_bundle",
            "it is not a regular file"),
        Mistake(
            upstream + "client_certificate = \"/tmp\"", 3, "repository.x.upstream[0].client_certificate",
            "it is not a regular file"),
        // Repositories.
        Mistake("[repository.\"Docker.io\"]", 1, "repository.\"Docker.io\"", "did you mean 'docker.io'?"),
        Mistake("[repository.\"a:5000\"]", 1, "repository.\"a:5000\"", "a host with a port goes into namespace"),
        Mistake("[repository.\"\"]", 1, "repository.\"\"", "is not a repository name"),
        Mistake("[repository.\"a//b\"]\ntag_ttl = []", 2, "repository.\"a//b\".tag_ttl", "expected a duration"),
        Mistake(
            "[repository.x]\nnamespace = \"https://x.io\"", 2, "repository.x.namespace", "is not a registry's host"),
        Mistake(
            "[repository.\"x.io\"]\n[repository.y]\nnamespace = \"X.io\"", 3, "repository.y.namespace",
            "'x.io' is claimed by repository 'x.io' as well"),
        Mistake("[[repository.x.upstream]]\nmax_redirect = 1", 1, "repository.x.upstream[0].url", "is missing"),
        Mistake("[[repository.x.upstream]]\nurl = \"x.io\"", 2, "repository.x.upstream[0].url", "has no scheme"),
        Mistake(upstream + "max_redirect = 256", 3, "repository.x.upstream[0].max_redirect", "256 is out of range"),
        // Credentials.
        Mistake(
            upstream + "client_private_key = \"/no\"", 3, "repository.x.upstream[0].client_private_key",
            "is given without client_certificate"),
        Mistake(upstream + "username = \"u\"", 3, "repository.x.upstream[0].username", "is given without a password"),
        Mistake(upstream + "password = \"hunter2\"", 3, "repository.x.upstream[0].password", "without username"),
        Mistake(
            upstream + "username = \"u\"\npassword = \"hunter2\"\npassword_env = \"P\"", 5,
            "repository.x.upstream[0].password_env", "is given beside password"),
        Mistake(
            upstream + "username = \"a:b\"\npassword = \"hunter2\"", 3, "repository.x.upstream[0].username",
            "holds a colon"),
        Mistake(upstream + "username = \"u\"\npassword = \"\"", 4, "repository.x.upstream[0].password", "is empty"),
        Mistake(
            upstream + "username = \"u\"\npassword = 12345", 4, "repository.x.upstream[0].password",
            "expected a string, found an integer"),
        Mistake(
            upstream + "username = \"u\"\npassword_env = \"NO_SUCH\"", 4, "repository.x.upstream[0].password_env",
            "the environment has no variable 'NO_SUCH'"),
        Mistake(
            upstream + "username = \"u\"\npassword_file = \"/no/such\"", 4,
            "repository.x.upstream[0].password_file", "'/no/such' cannot be read"),
        Mistake(
            upstream + "username = \"u\"\npassword_file = \"/dev/zero\"", 4,
            "repository.x.upstream[0].password_file", "'/dev/zero' is not a regular file"),
        Mistake(
            upstream + "username = \"u\"\npassword_file = \"/dev/null\"", 4,
            "repository.x.upstream[0].password_file", "'/dev/null' is not a regular file"),
    ]

    @Test(arguments: [(0, "is empty"), (1, nil), ((64 << 10), nil), ((64 << 10) + 1, "is larger than 64KiB")])
    func `a secret is neither empty nor endless`(size: Int, says: String?) throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("secret")
        try Data(repeating: UInt8(ascii: "x"), count: size).write(to: URL(fileURLWithPath: path))
        do throws(ConfigurationProblems) {
            #expect(try ConfigurationLoader.secret(file: path).reveal().utf8.count == size)
            #expect(says == nil)
        } catch {
            #expect(says.map { error.description.contains($0) } == true, "\(error)")
        }
    }

    @Test(arguments: mistakes)
    func `a mistake is named with line, key and remedy`(mistake: Mistake) throws {
        let error = #expect(throws: ConfigurationProblems.self) { try ConfigurationLoader.load(text: mistake.text) }
        let problem = try #require(
            error?.problems.first { $0.keyPath == mistake.keyPath && $0.description.contains(mistake.says) },
            "got: \(error?.description ?? "no error")")
        #expect(problem.line == mistake.line)
        #expect(!problem.remedy.isEmpty)
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.contains("12345") == false)
    }

    @Test func `all problems are told at once, in the order of their lines`() {
        let error = #expect(throws: ConfigurationProblems.self) {
            try ConfigurationLoader.load(
                text: """
                    colour = 1
                    [log]
                    level = 5
                    [server]
                    port = -1
                    idle_timeout = "x"
                    [server.tls]
                    """)
        }
        #expect(error?.problems.map(\.line) == [1, 3, 5, 6, 7, 7])
    }

    @Test func `a problem prints as file, line, key, message and remedy`() {
        let problem = ConfigurationProblem(file: "a.toml", line: 3, keyPath: "server.port", message: "m", remedy: "r")
        #expect(problem.description == "a.toml:3: server.port: m; r")
        let whole = ConfigurationProblem(file: "a.toml", line: nil, keyPath: "", message: "m", remedy: "r")
        #expect(whole.description == "a.toml: m; r")
    }
}
