import Configuration
import Foundation
import Testing

@Suite struct ConfigurationReadingTests {
    private let files: TemporaryFiles

    init() throws {
        files = try TemporaryFiles()
    }

    private func read(_ text: String) throws -> ConfigurationReading {
        ConfigurationLoader.read(files: [try files.write("entrepot.toml", text)], environment: [:])
    }

    @Test func everyFileThatAKeyNamesIsTold() throws {
        let password = try files.write("password", "secret")
        let token = try files.write("token", "a-long-enough-token")
        let reading = try read(
            """
            [server.tls]
            server_certificate_bundle = "/absent/tls.crt"
            server_private_key = "/absent/tls.key"
            client_ca_bundle = "/absent/ca.crt"
            [admin]
            token_file = "\(token)"
            [[repository."docker.io".upstream]]
            url = "https://registry-1.docker.io"
            server_ca_bundle = "/absent/up.crt"
            username = "u"
            password_file = "\(password)"
            """)
        #expect(
            reading.namedFiles == [
                "/absent/tls.crt", "/absent/tls.key", "/absent/ca.crt", "/absent/up.crt", password, token,
            ])
        // Those that cannot be read are problems, and are waited for all the same.
        #expect(throws: ConfigurationProblems.self) { try reading.result.get() }
    }

    @Test func aDraftTellsWhereAServerIsWhoseConfigurationHasProblems() throws {
        let reading = try read("[server]\nport = 7000\nprot = 1\n")
        #expect(throws: ConfigurationProblems.self) { try reading.result.get() }
        #expect(reading.draft?.server.port == 7000)
    }

    @Test func withoutTOMLThereIsNeitherDraftNorFile() throws {
        let reading = try read("[server\n")
        #expect(throws: ConfigurationProblems.self) { try reading.result.get() }
        #expect(reading.draft == nil)
        #expect(reading.namedFiles == nil)
    }
}
