public import Access
public import ArgumentParser
import Configuration
import OCI
import Registry

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

extension AccessAction {
    /// Whether its requests have a tag or a digest of a manifest in their path.
    fileprivate var namesManifests: Bool { [.getManifest, .putManifest, .deleteManifest].contains(self) }
}

extension AccessAction: ExpressibleByArgument {}

extension ClientAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
