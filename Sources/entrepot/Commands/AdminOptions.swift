import ArgumentParser
import Configuration
import CurlClient
import NIOCore

/// How a command reaches the running server's admin API.
struct AdminOptions: ParsableArguments {
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: "The server to steer, for example https://registry.example.com. Default: the configured address.")
    var server: String?

    private static let longestAnswer = 16 << 20

    /// Asks the server and prints what it answers, JSON as it is; ends with failure if that is an error.
    func ask(_ method: CurlRequest.Method, _ path: String) async throws {
        let configuration = try configuration.load()
        guard let admin = configuration.admin else {
            StandardError.write("entrepot: the configuration has no [admin] with token_file\n")
            throw ExitCode.failure
        }
        let address = configuration.server
        let host = address.bindAddress.isIPv6 ? "[\(address.bindAddress)]" : "\(address.bindAddress)"
        let origin = server ?? "\(address.tls == nil ? "http" : "https")://\(host):\(address.port)"
        do {
            let answer = try await CurlClient(proxies: .none).execute(
                CurlRequest(
                    url: "\(origin)/_entrepot/\(path)", method: method,
                    headers: ["Authorization": "Bearer \(admin.token.reveal())"]))
            let body = String(buffer: try await answer.body.collect(upTo: Self.longestAnswer))
            guard answer.status == 200 else {
                StandardError.write("entrepot: the server answered \(answer.status): \(body)\n")
                throw ExitCode.failure
            }
            print(body, terminator: "")
        } catch let error as CurlError {
            StandardError.write("entrepot: \(origin) cannot be asked: \(error)\n")
            throw ExitCode.failure
        }
    }

    /// A value as a query carries it.
    static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            let hex = String(byte, radix: 16, uppercase: true)
            return isPlain || "-._~".utf8.contains(byte)
                ? String(Unicode.Scalar(byte)) : "%" + (hex.count == 1 ? "0" : "") + hex
        }.joined()
    }
}
