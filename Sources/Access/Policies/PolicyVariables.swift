internal import CEL
internal import OCI

/// The variables that rules may use, and how they are bound.
enum PolicyVariables {
    static let environment = CELEnvironment(
        variables: [
            VariableDeclaration("identity.id", .nullable(.string)),
            VariableDeclaration("identity.username", .nullable(.string)),
            VariableDeclaration("identity.groups", .list(.string)),
            VariableDeclaration("identity.certificate.common_names", .list(.string)),
            VariableDeclaration("identity.certificate.organizations", .list(.string)),
            VariableDeclaration("identity.client_ip", .nullable(.string)),
            VariableDeclaration("request.action", .string),
            VariableDeclaration("request.operation", .string),
            VariableDeclaration("request.namespace", .nullable(.string)),
            VariableDeclaration("request.digest", .nullable(.string)),
            VariableDeclaration("request.reference", .nullable(.string)),
            VariableDeclaration("request.tag", .nullable(.string)),
            VariableDeclaration("repository.name", .nullable(.string)),
            VariableDeclaration("repository.segments", .list(.string)),
        ],
        functions: [.listContains],
        limits: Limits(sourceBytes: 16 * 1024, cost: 100_000))

    /// The values of an identity, made once for all its rules.
    struct IdentityValues: Sendable {
        let id: Value
        let username: Value
        let groups: Value
        let commonNames: Value
        let organizations: Value

        init(id: IdentityID?, username: Username?, groups: [String], origin: ClientOrigin) {
            self.id = id.map { .string($0.value) } ?? .null
            self.username = username.map { .string($0.value) } ?? .null
            self.groups = .list(groups.map { .string($0) })
            commonNames = .list(origin.certificate?.commonNames.map { .string($0) } ?? [])
            organizations = .list(origin.certificate?.organizations.map { .string($0) } ?? [])
        }
    }

    private static let slots = Slots()

    private struct Slots: Sendable {
        let id, username, groups, commonNames, organizations, clientIP: VariableSlot?
        let action, operation, namespace, digest, reference, tag: VariableSlot?
        let name, segments: VariableSlot?

        init() {
            let environment = PolicyVariables.environment
            id = environment.slot("identity.id")
            username = environment.slot("identity.username")
            groups = environment.slot("identity.groups")
            commonNames = environment.slot("identity.certificate.common_names")
            organizations = environment.slot("identity.certificate.organizations")
            clientIP = environment.slot("identity.client_ip")
            action = environment.slot("request.action")
            operation = environment.slot("request.operation")
            namespace = environment.slot("request.namespace")
            digest = environment.slot("request.digest")
            reference = environment.slot("request.reference")
            tag = environment.slot("request.tag")
            name = environment.slot("repository.name")
            segments = environment.slot("repository.segments")
        }
    }

    /// Variables that cost something to bind, and whether any rule has their name in its text.
    struct Mentions: Sendable, Equatable {
        private let clientIP: Bool
        private let segments: Bool
        private let digest: Bool
        private let reference: Bool

        init(_ policies: some Sequence<AccessPolicy>) {
            let texts = policies.flatMap { $0.rules.map(\.text) }
            func mention(_ word: String) -> Bool { texts.contains { $0.contains(word) } }
            clientIP = mention("client_ip")
            segments = mention("segments")
            digest = mention("digest")
            reference = mention("reference")
        }

        fileprivate func clientIP(_ identity: Identity) -> Value {
            clientIP ? identity.origin.address.map { .string($0.description) } ?? .null : .null
        }

        fileprivate func segments(_ request: AccessRequest) -> Value {
            .list(segments ? request.repository?.components.map { .string(String($0)) } ?? [] : [])
        }

        fileprivate func digest(_ request: AccessRequest) -> Value {
            digest ? request.digest.map { .string($0.description) } ?? .null : .null
        }

        fileprivate func reference(_ request: AccessRequest) -> Value {
            reference ? request.reference.map { .string($0.description) } ?? .null : .null
        }
    }

    /// All variables bound: what is unset is null, lists are empty.
    ///
    /// - Parameter mentions: Of the rules that the activation is for.
    static func activation(_ request: AccessRequest, _ identity: Identity, _ mentions: Mentions) -> Activation {
        var activation = environment.activation()
        func bind(_ slot: VariableSlot?, _ value: Value) {
            if let slot { activation[slot] = value }
        }
        let values = identity.values
        bind(slots.id, values.id)
        bind(slots.username, values.username)
        bind(slots.groups, values.groups)
        bind(slots.commonNames, values.commonNames)
        bind(slots.organizations, values.organizations)
        bind(slots.clientIP, mentions.clientIP(identity))
        bind(slots.action, .string(request.action.rawValue))
        bind(slots.operation, .string(request.action.operation.rawValue))
        let name: Value = request.repository.map { .string($0.value) } ?? .null
        bind(slots.namespace, name)
        bind(slots.name, name)
        bind(slots.segments, mentions.segments(request))
        bind(slots.digest, mentions.digest(request))
        bind(slots.reference, mentions.reference(request))
        bind(slots.tag, request.tag.map { .string($0.value) } ?? .null)
        return activation
    }

    /// What stands in the names of the variables that ``nameless(_:_:_:)`` leaves unbound.
    static let ofOneRepository = ["repository", "namespace", "tag", "reference", "digest"]

    /// Nothing bound that tells one repository, or what is in it, from another.
    static func nameless(_ request: AccessRequest, _ identity: Identity, _ mentions: Mentions) -> Activation {
        var activation = activation(request, identity, mentions)
        for case let slot? in [
            slots.namespace, slots.name, slots.segments, slots.digest, slots.reference, slots.tag,
        ] { activation[slot] = nil }
        return activation
    }

    /// The same, but what requests of this action name content by is left unbound.
    static func unnamed(_ request: AccessRequest, _ identity: Identity, _ mentions: Mentions) -> Activation {
        var activation = activation(request, identity, mentions)
        if let slot = slots.digest, request.action.namesDigest { activation[slot] = nil }
        guard request.action.namesManifest else { return activation }
        for case let slot? in [slots.reference, slots.tag] { activation[slot] = nil }
        return activation
    }
}
