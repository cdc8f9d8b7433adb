import ArgumentParser
import Configuration
import RegistryClient
import Upstream

struct RegistryInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Print one thing of a registry, for scripts.",
        discussion: "'password' prints the password itself, and nothing else does.")

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case host, url, username, password, cert
    }

    @OptionGroup var file: ProfileFileOptions
    @Argument var name: String
    @Argument(help: "host, url, username, password or cert (the file of its authorities).") var kind: Kind

    func run() async throws {
        let profile = try file.profile(name)
        let value: String?
        switch kind {
        case .host: value = RegistryAddress(profile.address)?.endpoint.name
        case .url: value = profile.address
        case .username: value = profile.username
        case .password:
            value = try RegistryOptions.password(file: profile.passwordFile, profile.passwordVariable)?.reveal()
        case .cert: value = profile.authorityBundle
        }
        guard let value else {
            StandardError.write("entrepot: the profile '\(name)' has no \(kind.rawValue)\n")
            throw ExitCode.failure
        }
        print(value)
    }
}
