import Configuration
import ArgumentParser
import RegistryClient
import Upstream

struct RegistryAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Keep a registry under a name.",
        discussion: "One of the same name is replaced. Comments of the file are not kept.")

    @OptionGroup var file: ProfileFileOptions
    @Option var username: String?
    @Option(
        help: ArgumentHelp("A file with the password; it is read each time.", valueName: "file"), completion: .file())
    var passwordFile: String?
    @Option(help: ArgumentHelp("A variable of the environment with the password.", valueName: "name"))
    var passwordEnv: String?
    @Option(
        help: ArgumentHelp("The authorities that vouch for the registry, as PEM.", valueName: "file"),
        completion: .file())
    var tlsCa: String?
    @Option(
        help: ArgumentHelp("A certificate to show to the registry, as PEM.", valueName: "file"), completion: .file())
    var tlsCert: String?
    @Option(help: ArgumentHelp("Its private key, as PEM.", valueName: "file"), completion: .file()) var tlsKey: String?
    @Option(help: ArgumentHelp("Goes before names of one component.", valueName: "name")) var defaultRepository: String?
    @Argument(help: "Letters, digits, dashes and underscores.") var name: String
    @Argument(help: "HOST, HOST:PORT or a URL, with what goes before all names.") var url: String

    func run() async throws {
        guard var profile = RegistryProfile(name: name, address: url) else {
            throw ValidationError("'\(name)' is no name of a profile: use letters, digits, dashes and underscores.")
        }
        guard RegistryAddress(url) != nil else {
            throw ValidationError("'\(url)' is no address of a registry: write HOST, HOST:PORT or a URL.")
        }
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-cert and --tls-key belong together.")
        }
        profile.username = username
        profile.passwordFile = passwordFile
        profile.passwordVariable = passwordEnv
        profile.authorityBundle = tlsCa
        profile.clientCertificate = tlsCert
        profile.clientKey = tlsKey
        profile.defaultRepository = defaultRepository
        var profiles = try file.read()
        profiles.add(profile)
        try file.write(profiles)
    }
}
