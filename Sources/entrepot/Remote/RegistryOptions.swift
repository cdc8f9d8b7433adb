import ArgumentParser
import Configuration
import CurlClient
import FoundationEssentials
import Logging
import OCI
import RegistryClient
import SurrogateClient
import Transfer
import Upstream

/// How another registry is spoken to: as a profile says, and as the command line says before that.
struct RegistryOptions: ParsableArguments {
    @OptionGroup var file: ProfileFileOptions
    @Option(help: "The user name; without one, that of the profile or of docker's and podman's files.")
    var username: String?
    @Option(help: ArgumentHelp("A file with the password.", valueName: "file"), completion: .file()) var passwordFile:
        String?
    @Option(
        help: ArgumentHelp(
            "A file in docker's or podman's format with passwords, in the place of theirs.", valueName: "file"),
        completion: .file())
    var authfile: String?
    @Option(
        help: ArgumentHelp("The authorities that vouch for the registry, as PEM.", valueName: "file"),
        completion: .file())
    var tlsCa: String?
    @Option(
        help: ArgumentHelp("A certificate to show to the registry, as PEM.", valueName: "file"), completion: .file())
    var tlsCert: String?
    @Option(help: ArgumentHelp("Its private key, as PEM.", valueName: "file"), completion: .file()) var tlsKey: String?
    @Flag(help: "Without TLS.") var plainHttp = false
    @Option(help: "Requests at a time.") var connections = 4
    @Option(help: ArgumentHelp("What may be sent and received in a second, such as 10MiB.", valueName: "size"))
    var bandwidth: String?
    @Option(
        help: ArgumentHelp(
            "Send blobs in parts of this size; without it, in parts only where the registry asks for that.",
            valueName: "size"))
    var chunkSize: String?
    @Option(help: ArgumentHelp("Goes before names of one component.", valueName: "name")) var defaultRepository: String?
    @Option(
        help: ArgumentHelp(
            "Have it done there, by 'entrepot surrogate': ssh:HOST, kubectl:NAMESPACE/POD, docker:CONTAINER or podman:CONTAINER.",
            discussion: "Profiles, passwords and certificates are those there.", valueName: "route"),
        transform: { text in
            guard let route = SurrogateRoute(text) else { throw ValidationError("it is none of these.") }
            return route
        })
    var via: SurrogateRoute?

    /// The same again, for who carries it out elsewhere.
    var repeated: [String] {
        let texts: [(String, String?)] = [
            ("--registries", file.registries), ("--username", username), ("--password-file", passwordFile),
            ("--authfile", authfile), ("--tls-ca", tlsCa), ("--tls-cert", tlsCert), ("--tls-key", tlsKey),
            ("--connections", String(connections)), ("--bandwidth", bandwidth), ("--chunk-size", chunkSize),
            ("--default-repository", defaultRepository),
        ]
        return texts.flatMap { name, value in value.map { [name, $0] } ?? [] } + (plainHttp ? ["--plain-http"] : [])
    }

    func validate() throws {
        guard (1...256).contains(connections) else { throw ValidationError("--connections is between 1 and 256.") }
        for (name, text) in [("--bandwidth", bandwidth), ("--chunk-size", chunkSize)] {
            guard text.map({ DataSize($0).map { $0.bytes > 0 } ?? false }) ?? true else {
                throw ValidationError("\(name) is a size such as 10MiB.")
            }
        }
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-cert and --tls-key belong together.")
        }
        guard defaultRepository.map({ RepositoryName($0) != nil }) ?? true else {
            throw ValidationError("--default-repository is the beginning of a repository's name.")
        }
    }

    /// A registry that is meant, and how names are understood there.
    struct Target {
        let registry: RemoteRegistry
        let endpoint: UpstreamEndpoint
        let defaultRepository: RepositoryName?

        /// Parses `NAME[:TAG][@DIGEST]`, as the registry calls it.
        func name(_ text: String) throws -> ImageName {
            guard let name = ImageName(text) else {
                throw ValidationError("'\(text)' is no image: write NAME:TAG or NAME@DIGEST.")
            }
            return completed(name)
        }

        /// A name of one component is one of the default repository's.
        func completed(_ name: ImageName) -> ImageName {
            guard let defaultRepository, name.repository.components.count == 1,
                let long = name.repository.prefixed(by: defaultRepository)
            else { return name }
            return ImageName(long, tag: name.tag, digest: name.digest)
        }
    }

    /// - Parameter text: The name of a profile, or an address.
    /// - Throws: `ExitCode.failure`, said why.
    func target(_ text: String) throws -> Target {
        guard via == nil else { throw ValidationError("--via is for 'entrepot image' only.") }
        let profile = try file.read()[text]
        guard profile != nil || text.contains(".") || text.contains(":") || text == "localhost" else {
            StandardError.write(
                "entrepot: there is no profile '\(text)'; add it with 'entrepot registry add \(text) URL', or write an address\n"
            )
            throw ExitCode.failure
        }
        guard let address = RegistryAddress(profile?.address ?? text, isPlain: plainHttp) else {
            throw ValidationError(
                "'\(profile?.address ?? text)' is no address of a registry: write HOST, HOST:PORT or a URL.")
        }
        let isHub = address.endpoint.name == "docker.io" || address.endpoint.name == "registry-1.docker.io"
        let settings = RemoteRegistrySettings(
            authorityBundle: tlsCa ?? profile?.authorityBundle, clientIdentity: identity(profile),
            connections: connections, bytesPerSecond: bandwidth.flatMap { DataSize($0) }?.bytes,
            chunkSize: chunkSize.flatMap { DataSize($0) }.map { Int64($0.bytes) },
            userAgent: "entrepot/\(entrepotVersion)")
        var endpoint = address.endpoint
        if endpoint.name == "docker.io", let hub = RegistryAddress("registry-1.docker.io") { endpoint = hub.endpoint }
        return Target(
            registry: RemoteRegistry(endpoint, settings: settings, credentials: try source(profile, endpoint)),
            endpoint: endpoint,
            defaultRepository: (defaultRepository ?? profile?.defaultRepository ?? (isHub ? "library" : nil))
                .flatMap { RepositoryName($0) })
    }

    private func identity(_ profile: RegistryProfile?) -> CurlSettings.ClientIdentity? {
        guard let certificate = tlsCert ?? profile?.clientCertificate, let key = tlsKey ?? profile?.clientKey else {
            return nil
        }
        return CurlSettings.ClientIdentity(certificate: .file(certificate), privateKey: .file(key))
    }

    private func source(
        _ profile: RegistryProfile?, _ endpoint: UpstreamEndpoint
    ) throws -> (any CredentialSource)? {
        if let user = username ?? profile?.username {
            let password = try Self.password(file: passwordFile ?? profile?.passwordFile, profile?.passwordVariable)
            guard let password else {
                StandardError.write("entrepot: there is a user name and no password; use --password-file\n")
                throw ExitCode.failure
            }
            return GivenCredentials(RegistryCredentials(username: user, password: password.reveal()))
        }
        let environment = ProcessInfo.processInfo.environment
        let files =
            authfile.map { AuthFiles(paths: [$0], environment: environment, mustExist: true) }
            ?? AuthFiles(environment: environment)
        do throws(AuthFileError) {
            return try files.source(for: endpoint.name)
        } catch {
            StandardError.write("entrepot: \(error)\n")
            throw ExitCode.failure
        }
    }

    /// Nil where neither is given.
    static func password(file: String?, _ variable: String?) throws -> Secret? {
        if let file {
            do throws(ConfigurationProblems) {
                return try ConfigurationLoader.secret(file: file)
            } catch {
                StandardError.write("\(error)\n")
                throw ExitCode.failure
            }
        }
        guard let variable else { return nil }
        guard let value = ProcessInfo.processInfo.environment[variable], !value.isEmpty else {
            StandardError.write("entrepot: the environment has no variable '\(variable)', or it is empty\n")
            throw ExitCode.failure
        }
        return Secret(value)
    }
}
