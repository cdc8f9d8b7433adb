import ArgumentParser
import Configuration

struct HealthCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Ask a running server on this machine whether it is alive.",
        discussion: """
            Asks for /healthz at the configured address, or at --url; ends with 0 if the answer is 200, else with 1. \
            Where the server speaks TLS it only looks whether the port accepts connections.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(help: "Ask this instead, for example http://127.0.0.1:5000/healthz.")
    var url: String?

    func run() throws {
        let probe = try url.map { try HealthProbe(url: $0) } ?? HealthProbe(options.load().server)
        do throws(HealthProbeError) {
            try probe.run()
        } catch {
            StandardError.write("entrepot: \(probe.address) is not healthy: \(error.message)\n")
            throw ExitCode.failure
        }
    }
}
