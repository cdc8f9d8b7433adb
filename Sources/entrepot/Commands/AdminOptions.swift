import ArgumentParser
import Configuration
import CurlClient

/// How a command reaches the running server's admin API.
struct AdminOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: "The server to steer, for example https://registry.example.com. Default: the configured address.")
    var server: String?

    @Option(help: "The file with the admin API's token. Default: admin.token_file of the configuration.")
    var tokenFile: String?

    @Option(help: "A PEM file of authorities that vouch for the server, beside the system's.")
    var caBundle: String?

    /// Asks the server and prints what it answers, JSON as it is; ends with failure if that is an error.
    func ask(_ method: CurlRequest.Method, _ path: String) async throws {
        let answer = try await answer(method, path)
        guard answer.status == 200 else {
            StandardError.write("entrepot: the server answered \(answer.status): \(answer.body)\n")
            throw ExitCode.failure
        }
        print(answer.body, terminator: "")
    }

    /// Ends with failure if the server cannot be asked.
    func answer(_ method: CurlRequest.Method, _ path: String) async throws -> AdminClient.Answer {
        let client = try client()
        do throws(AdminClientError) {
            return try await client.answer(method, at: "/_entrepot/\(path)")
        } catch {
            StandardError.write("entrepot: \(error)\n")
            throw ExitCode.failure
        }
    }

    /// Ends with failure if nobody knows whom to ask.
    func client() throws -> AdminClient {
        let (origin, token) = try target()
        return AdminClient(origin: origin, token: token, caBundle: caBundle)
    }

    /// A server that runs can also be asked when its files are no longer valid; for that is when it is asked.
    private func target() throws -> (origin: String, token: Secret) {
        let given = try tokenFile.map(configuration.secret)
        if let server, let given { return (server, given) }
        let reading = configuration.source.read()
        if case .failure(let problems) = reading.result { StandardError.write("\(problems)\n") }
        guard let draft = reading.draft else {
            StandardError.write(
                "entrepot: the server cannot be found without its configuration; use --server and --token-file\n")
            throw ExitCode.failure
        }
        guard let token = given ?? draft.admin?.token else {
            StandardError.write(
                "entrepot: the configuration has no [admin] with token_file; add it, or use --token-file\n")
            throw ExitCode.failure
        }
        return (server ?? draft.server.origin, token)
    }
}

extension ServerSection {
    /// Where a process on the same machine reaches it.
    fileprivate var origin: String {
        let host =
            switch bindAddress.host {
            case "0.0.0.0": "127.0.0.1"
            case "::": "[::1]"
            default: bindAddress.isIPv6 ? "[\(bindAddress)]" : "\(bindAddress)"
            }
        return "\(tls == nil ? "http" : "https")://\(host):\(port)"
    }
}
