import Foundation
import Glibc
import TestSupport
import Testing

/// What cannot work is found before anything runs, with the key and the file at fault.
@Suite struct ConfigCheckTests {
    private func check(_ text: String, on stage: Stage) async throws -> (status: TestSupport.ExitStatus, output: String)
    {
        let file = try stage.write(text, to: "checked-\(UUID().uuidString).toml")
        return try await Command(Paths.entrepot.path, ["-c", file.path, "config", "check"]).outcome()
    }

    /// Files that are no certificate, or no key, and what is said of each.
    private func broken(_ certificates: Certificates, on stage: Stage) async throws -> [(name: String, path: String)] {
        let encrypted = stage.directory.appendingPathComponent("encrypted.key").path
        try await Command(
            "openssl",
            ["pkcs8", "-topk8", "-in", certificates.serverKey.path, "-out", encrypted, "-passout", "pass:secret"]
        ).run()
        let publicKey = stage.directory.appendingPathComponent("public.pem").path
        try await Command("openssl", ["pkey", "-in", certificates.serverKey.path, "-pubout", "-out", publicKey]).run()
        let cut = try String(contentsOf: certificates.serverKey, encoding: .utf8).dropLast(80)
        return [
            ("is not PEM", try stage.write("garbage", to: "garbage.pem").path),
            ("is not PEM", try stage.write("\u{1}\u{2}\u{FFFD}\u{0}", to: "binary.pem").path),
            ("is encrypted", encrypted), ("holds a public key", publicKey),
            ("holds a private key that cannot be read", try stage.write(String(cut), to: "cut.key").path),
            ("holds a certificate and no private key", certificates.serverCertificate.path),
        ]
    }

    @Test func aPasswordWithoutTLSIsWarnedOf() async throws {
        try await Stage.with { stage in
            let text = """
                [repository.up]
                [[repository.up.upstream]]
                url = "http://registry.example"
                username = "somebody"
                password = "secret-word"
                """
            let checked = try await check(text, on: stage)
            #expect(checked.status == .exited(0))
            #expect(checked.output.contains("warning: "))
            #expect(checked.output.contains("repository.\"up\".upstream[0].url"))
            #expect(!checked.output.contains("secret-word"))
            let local = try await check(
                text.replacingOccurrences(of: "registry.example", with: "127.0.0.1:5000"), on: stage)
            #expect(!local.output.contains("warning"))
        }
    }

    @Test func aServersKeyThatIsNoneIsNamed() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            for (words, path) in try await broken(certificates, on: stage) {
                let checked = try await check(
                    """
                    [server.tls]
                    server_certificate_bundle = "\(certificates.serverCertificate.path)"
                    server_private_key = "\(path)"
                    """, on: stage)
                #expect(checked.status == .exited(1))
                #expect(checked.output.contains("server.tls.server_private_key: \(path) \(words)"), "\(checked.output)")
                #expect(!checked.output.contains("NIOSSL"))
            }
        }
    }

    @Test func certificatesAndAuthoritiesThatAreNoneAreNamed() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            let garbage = try stage.write("garbage", to: "garbage.pem").path
            let pair = """
                [server.tls]
                server_certificate_bundle = "\(certificates.serverCertificate.path)"
                server_private_key = "\(certificates.serverKey.path)"

                """
            let upstream = "[repository.up]\n[[repository.up.upstream]]\nurl = \"https://up.example\"\n"
            let table = "repository.\"up\".upstream[0]"
            for (text, words) in [
                (
                    "[server.tls]\nserver_certificate_bundle = \"\(garbage)\"\nserver_private_key = \"\(certificates.serverKey.path)\"\n",
                    "server.tls.server_certificate_bundle: \(garbage) is not PEM"
                ),
                (
                    "[server.tls]\nserver_certificate_bundle = \"\(certificates.serverKey.path)\"\nserver_private_key = \"\(certificates.serverCertificate.path)\"\n",
                    "holds a private key and no certificate"
                ),
                (
                    "[server.tls]\nserver_certificate_bundle = \"\(certificates.serverCertificate.path)\"\nserver_private_key = \"\(certificates.clientKey.path)\"\n",
                    "server.tls.server_private_key: \(certificates.clientKey.path) is not the key of the certificate"
                ),
                (pair + "client_ca_bundle = \"\(garbage)\"\n", "server.tls.client_ca_bundle: \(garbage) is not PEM"),
                (upstream + "server_ca_bundle = \"\(garbage)\"\n", "\(table).server_ca_bundle: \(garbage) is not PEM"),
                (
                    upstream
                        + "client_certificate = \"\(certificates.clientCertificate.path)\"\nclient_private_key = \"\(certificates.serverKey.path)\"\n",
                    "\(table).client_private_key: \(certificates.serverKey.path) is not the key of the certificate"
                ),
            ] {
                let checked = try await check(text, on: stage)
                #expect(checked.status == .exited(1), "\(text)")
                #expect(checked.output.contains(words), "\(checked.output)")
            }
            #expect(try await check(pair, on: stage).status == .success)
        }
    }

    @Test func aRootThatCannotBeAFolderIsNamed() async throws {
        try await Stage.with { stage in
            let file = try stage.write("x", to: "file").path
            let away = stage.directory.appendingPathComponent("away").path
            let link = stage.directory.appendingPathComponent("link").path
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: away)
            for (root, words) in [
                (file, "\(file) is not a folder"), ("\(file)/below/it", "lies below \(file), which is not a folder"),
                (link, "\(link) is a link to \(away), which is not there; mount it"),
                ("\(link)/store", "\(link) is a link to \(away), which is not there; mount it"),
                ("/proc/store", "nothing can be made"),
            ] {
                let checked = try await check("[storage.fs]\nroot_dir = \"\(root)\"\n", on: stage)
                #expect(checked.status == .exited(1))
                #expect(checked.output.contains("storage.fs.root_dir: "), "\(checked.output)")
                #expect(checked.output.contains(words), "\(checked.output)")
            }
            let fresh = stage.directory.appendingPathComponent("not/yet/there").path
            #expect(try await check("[storage.fs]\nroot_dir = \"\(fresh)\"\n", on: stage).status == .success)
            #expect(!FileManager.default.fileExists(atPath: fresh))
        }
    }

    @Test(arguments: [
        ("[[seed]]\nlist = \"/nonexistent\"", "seed[0].list: /nonexistent cannot be read: No such file", true),
        (
            "[[spooler]]\ndirectory = \"/proc/zz\"\nrepository = \"local\"", "spooler[0].directory: /proc/zz lies", true
        ),
        (
            "[[audit.sink]]\ntype = \"file\"\npath = \"/nonexistent/audit.log\"",
            "audit.sink[0].path: /nonexistent is not there; make it", false
        ),
    ])
    func whatTheServerCouldNotUseIsNamed(table: String, words: String, startsWithoutIt: Bool) async throws {
        try await Stage.with { stage in
            let text = "[repository.local]\n\(table)\n"
            let checked = try await check(text, on: stage)
            #expect(checked.status == .exited(1))
            #expect(checked.output.contains(words), "\(checked.output)")
            if startsWithoutIt {
                let entrepot = try await EntrepotServer.start(on: stage, repositories: text)
                let told = try await eventually(within: .seconds(20)) {
                    entrepot.process.output.contains("No such file or directory") ? true : nil
                }
                #expect(told == true)
                #expect(!entrepot.process.output.contains("Error("), "\(entrepot.process.output)")
            } else {
                let file = try stage.write(text, to: "server.toml")
                let started = try await Command(Paths.entrepot.path, ["-c", file.path, "server"]).outcome()
                #expect(started.status == .exited(1))
                #expect(started.output.contains(words), "\(started.output)")
            }
        }
    }

    /// What the superuser leaves there the server's own user cannot go on with.
    @Test(
        .enabled(if: geteuid() == 0, "needs the superuser"),
        arguments: [["storage", "test"], ["prune"], ["scrub"], ["seed", "up.test/app:v1"]])
    func theSuperuserWritesNothingIntoAnothersStore(command: [String]) async throws {
        try await Stage.with { stage in
            let store = try stage.makeDirectory("foreign")
            #expect(chown(store.path, 65_534, 65_534) == 0)
            let file = try stage.write("[storage.fs]\nroot_dir = \"\(store.path)\"\n", to: "foreign.toml")
            let told = try await Command(Paths.entrepot.path, ["-c", file.path] + command).outcome()
            #expect(told.status == .exited(1))
            #expect(told.output.contains("sudo -u '#65534'"), "\(told.output)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: store.path).isEmpty)
        }
    }

    @Test func commandsThatCannotUseAFileSayWhy() async throws {
        try await Stage.with { stage in
            let file = try stage.write("x", to: "m.toml").path
            let folder = try stage.makeDirectory("adir").path
            let spool = try stage.makeDirectory("spool").path
            for (arguments, words) in [
                (
                    ["spool", spool, "--put", "/nonexistent", "--as", "local/x:1"],
                    "/nonexistent cannot be read: No such file"
                ),
                (["spool", spool, "--put", folder, "--as", "local/x:1"], "\(folder) is not a file"),
                (["spool", file, "--put", file, "--as", "local/x:1"], "\(file) is not a folder"),
                (["spool", file, "--once"], "\(file) is not a folder"),
                (
                    ["registry", "add", "x", "reg.example", "--registries", "/proc/x/reg.toml"],
                    "/proc/x/reg.toml cannot be written: /proc/x lies"
                ),
                (
                    ["image", "list", "127.0.0.1:1", "a/b", "--authfile", "/nonexistent"],
                    "entrepot: /nonexistent is not there"
                ),
            ] {
                let told = try await Command(Paths.entrepot.path, arguments).outcome()
                #expect(told.status == .exited(1), "\(arguments)")
                #expect(told.output.contains(words) && !told.output.contains("Error("), "\(told.output)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: spool).allSatisfy { $0.hasPrefix(".") })
        }
    }

    @Test func aReloadWithAKeyThatDoesNotFitKeepsWhatRuns() async throws {
        try await Stage.with { stage in
            let certificates = try await Certificates.make(on: stage)
            let admin = try EntrepotServer.adminTable(on: stage)
            let up = "[repository.up]\n[[repository.up.upstream]]\nurl = \"https://up.example\"\n"
            let entrepot = try await EntrepotServer.start(on: stage, repositories: admin + up)
            try entrepot.reconfigure(
                repositories: admin + up
                    + "client_certificate = \"\(certificates.clientCertificate.path)\"\nclient_private_key = \"\(certificates.serverKey.path)\"\n[repository.new]\n"
            )
            let reload = try await entrepot.reloaded { $0.outcome == "refused" }
            #expect(reload.problems.first?.contains("client_private_key") == true)
            #expect(try await entrepot.get("/v2/new/app/blobs/uploads/", method: "POST").status == 404)
        }
    }
}
