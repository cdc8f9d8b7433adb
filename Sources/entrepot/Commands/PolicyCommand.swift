public import Access
public import ArgumentParser
import Configuration
import OCI
import Registry

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Ask the configured access policies.",
        subcommands: [PolicyExplainCommand.self])
}

struct PolicyExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell whether somebody may do something, and which rule decides.",
        discussion: """
            Asks no server: what is asked is the configuration. Ends with 0 where it is allowed and with 3 where it is \
            denied.
            """)

    @OptionGroup var options: ConfigurationOptions

    @Option(name: .customLong("as"), help: "The id of an [identity.<id>]. Default: nobody.")
    var identity: String?

    @Option(help: ArgumentHelp("What is done, for example put-manifest.", valueName: "action"))
    var action: AccessAction

    @Option(name: .customLong("client-ip"), help: "The address the client comes from.")
    var address: ClientAddress?

    @Option(
        name: .customLong("certificate-cn"), parsing: .singleValue,
        help: "A common name of the client's certificate; may be repeated.")
    var commonNames: [String] = []

    @Option(
        name: .customLong("certificate-o"), parsing: .singleValue,
        help: "An organization of the client's certificate; may be repeated.")
    var organizations: [String] = []

    @Argument(
        help: "The repository as clients name it here, with :TAG or @DIGEST where the action has one: acme/app:1.0.")
    var image: ImageArgument?

    func run() throws {
        let configuration = try options.load()
        let asker = try asker(configuration)
        let repository = image.flatMap { image in
            try? Namespaces(naming: configuration).repository(image.name)
        }
        let request = AccessRequest(
            action, repository: repository?.name ?? image?.name, namespace: repository?.namespace.key,
            reference: action.namesManifests ? image?.reference : nil, digest: image?.digest, alias: image?.name)
        let (steps, decision) = AccessPolicies(configuration).explain(request, for: asker)
        print(decision.isAllowed ? "allowed" : "denied")
        print("  who: \(asker)")
        print("  what: \(action.rawValue) (\(action.operation.rawValue))" + (image.map { " \($0)" } ?? ""))
        if let image {
            print("  repository: \(request.repository ?? image.name)\(repository == nil ? ", in no namespace" : "")")
        }
        for step in steps { print("  \(step.decision)") }
        if steps.isEmpty { print("  \(decision)") }
        if !decision.isAllowed { throw ExitCode(3) }
    }

    private func asker(_ configuration: Configuration) throws -> Identity {
        let certificate =
            commonNames.isEmpty && organizations.isEmpty
            ? nil : CertificateSubject(commonNames: commonNames, organizations: organizations)
        let origin = ClientOrigin(address: address, certificate: certificate)
        guard let identity else { return Identity(origin: origin) }
        guard let user = configuration.identities.first(where: { $0.user.id.value == identity })?.user else {
            let known = configuration.identities.map(\.user.id.value).joined(separator: ", ")
            StandardError.write(
                "entrepot: the configuration has no [identity.\(identity)]"
                    + (known.isEmpty ? ", nor any other\n" : "; it has \(known)\n"))
            throw ExitCode.failure
        }
        return Identity(user, origin: origin)
    }
}

/// `acme/app`, `acme/app:1.0`, `acme/app@sha256:...`
struct ImageArgument: ExpressibleByArgument, CustomStringConvertible {
    let name: RepositoryName
    let reference: Reference?

    init?(argument: String) {
        // Names here have no colon: the first one begins the tag, or stands in the digest.
        let end = argument.firstIndex { $0 == ":" || $0 == "@" } ?? argument.endIndex
        guard let name = RepositoryName(argument[..<end]) else { return nil }
        self.name = name
        guard end < argument.endIndex else {
            reference = nil
            return
        }
        guard let reference = Reference(argument[argument.index(after: end)...]) else { return nil }
        self.reference = reference
    }

    var digest: Digest? {
        if case .digest(let digest)? = reference { digest } else { nil }
    }

    var description: String {
        switch reference {
        case nil: "\(name)"
        case .tag(let tag)?: "\(name):\(tag)"
        case .digest(let digest)?: "\(name)@\(digest)"
        }
    }
}

extension AccessAction {
    /// Whether its requests have a tag or a digest of a manifest in their path.
    fileprivate var namesManifests: Bool { [.getManifest, .putManifest, .deleteManifest].contains(self) }
}

extension AccessAction: ExpressibleByArgument {}

extension ClientAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
