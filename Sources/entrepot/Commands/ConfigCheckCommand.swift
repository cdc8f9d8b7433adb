import ArgumentParser
import Configuration

struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the configuration without running anything.",
        discussion: "Prints a summary and, to standard error, warnings; or all problems, and ends with 1.")

    @OptionGroup var options: ConfigurationOptions

    func run() throws {
        let configuration = try options.load()
        do throws(ConfigurationProblems) {
            try ConfigurationTrial.run(configuration, looksAtAll: true)
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
        for warning in configuration.warnings { StandardError.write("warning: \(warning)\n") }
        let now = WallClock.seconds()
        for expiry in CertificateExpiry.all(configuration) where expiry.isDue(now) {
            StandardError.write("warning: \(expiry.sentence(now))\n")
        }
        print("ok: \(configuration.summary)")
    }
}

extension Configuration {
    fileprivate var summary: String {
        let mirrors = repositories.count { $0.isMirror }
        let scheme = server.tls == nil ? "http" : "https"
        let host = server.bindAddress.isIPv6 ? "[\(server.bindAddress)]" : "\(server.bindAddress)"
        return "\(scheme)://\(host):\(server.port), data in \(storage.place), "
            + "\(mirrors) mirrored and \(repositories.count - mirrors) local namespaces"
    }
}
