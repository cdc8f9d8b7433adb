import ArgumentParser
import Configuration
import Doctor
import FoundationEssentials
import RegistryClient
import Upstream

struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry", abstract: "Keep the registries that 'image' and 'client' work with.",
        subcommands: [
            RegistryAddCommand.self, RegistryListCommand.self, RegistryDescribeCommand.self, RegistryInfoCommand.self,
            RegistryRemoveCommand.self,
        ])
}

/// The file of the profiles.
struct ProfileFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file with the profiles.", discussion: "By default ~/.config/entrepot/registries.toml.",
            valueName: "file"), completion: .file())
    var registries: String?

    func path() throws -> String {
        if let registries { return registries }
        if let path = RegistryProfiles.usualPath(environment: ProcessInfo.processInfo.environment) { return path }
        throw ValidationError("There is no home folder; name the file with --registries.")
    }

    func read() throws -> RegistryProfiles {
        do {
            return try RegistryProfiles(path: try path())
        } catch let error as ConfigurationProblems {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }

    func profile(_ name: String) throws -> RegistryProfile {
        if let profile = try read()[name] { return profile }
        StandardError.write("entrepot: there is no profile '\(name)' in \(try path())\n")
        throw ExitCode.failure
    }

    /// Replaced as a whole, so that nobody reads half of it.
    func write(_ profiles: RegistryProfiles) throws {
        let path = try path()
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        if !folder.isEmpty, let obstacle = FolderObstacle(folder) {
            StandardError.write("entrepot: \(path) cannot be written: \(obstacle.message); \(obstacle.remedy)\n")
            throw ExitCode.failure
        }
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            try Data(profiles.text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            StandardError.write("entrepot: \(path) cannot be written: check the folder, its room and its rights\n")
            throw ExitCode.failure
        }
    }
}

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

struct RegistryListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Print the profiles.")

    @OptionGroup var file: ProfileFileOptions
    @Option(help: "table, bare, json or yaml.") var format = ListFormat.table

    func run() async throws {
        try Listing(
            columns: ["name", "url", "username"], rows: try file.read().all.map { [$0.name, $0.address, $0.username] }
        ).print(format)
    }
}

struct RegistryDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Print all that is kept of a registry.")

    @OptionGroup var file: ProfileFileOptions
    @Option(help: "table, bare, json or yaml.") var format = ListFormat.table
    @Argument var name: String

    func run() async throws {
        let settings = try file.profile(name).settings
        switch format {
        case .table, .bare:
            try Listing(columns: ["key", "value"], rows: settings.map { [$0.key, $0.value] }).print(format)
        case .json, .yaml:
            try Listing(columns: ["name"] + settings.map(\.key), rows: [[name] + settings.map(\.value)]).print(format)
        }
    }
}

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

struct RegistryRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "remove", abstract: "Forget a registry.")

    @OptionGroup var file: ProfileFileOptions
    @Argument var name: String

    func run() async throws {
        var profiles = try file.read()
        guard profiles.remove(name) else {
            StandardError.write("entrepot: there is no profile '\(name)' in \(try file.path())\n")
            throw ExitCode.failure
        }
        try file.write(profiles)
    }
}
