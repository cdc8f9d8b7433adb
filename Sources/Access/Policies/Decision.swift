public import OCI

/// Which policy of the configuration.
public enum PolicyScope: Sendable, Equatable, CustomStringConvertible {
    case global
    /// `repository."<namespace>"`
    case repository(RepositoryName)

    /// The path of its table in the configuration.
    public var description: String {
        switch self {
        case .global: return "global.access_policy"
        case .repository(let name):
            let isBare = name.value.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "/") }
            return "repository.\(isBare ? name.value : "\"\(name)\"").access_policy"
        }
    }
}

/// Whether a request may be carried out, and what made it so.
public struct Decision: Sendable, Equatable {
    public enum Basis: Sendable, Equatable {
        /// The first rule that was true; counted from 0.
        case rule(PolicyScope, index: Int, text: String)
        /// A rule that gave no answer, which denies.
        case failedRule(PolicyScope, index: Int, text: String, reason: String)
        /// `default_allow`: no rule was true.
        case defaultOf(PolicyScope)
        /// There is no global policy, and none of the repository spoke.
        case noPolicy(DefaultAccess)
        /// No namespace takes the name, which nobody is told where some repositories are closed.
        case noNamespace
        /// The token that was shown does not grant it.
        case grants
        /// Administration is for those who say who they are, where a policy lets them.
        case unknownAdministrator
    }

    public let isAllowed: Bool
    public let basis: Basis

    init(isAllowed: Bool, _ basis: Basis) {
        self.isAllowed = isAllowed
        self.basis = basis
    }
}

extension Decision: CustomStringConvertible {
    public var description: String { "\(isAllowed ? "allowed" : "denied") by \(basis)" }
}

extension Decision.Basis: CustomStringConvertible {
    public var description: String {
        switch self {
        case .rule(let scope, let index, let text): "\(scope).rules[\(index)]: \(text)"
        case .failedRule(let scope, let index, let text, let reason):
            "\(scope).rules[\(index)], which failed (\(reason)): \(text)"
        case .defaultOf(let scope): "\(scope).default_allow"
        case .noPolicy(.open): "global.default_access = \"open\", as there is no global policy"
        case .noPolicy(.reads):
            "global.default_access = \"reads\", as there is no global policy: writing needs an identity"
        case .noNamespace: "its name, which no namespace takes; where some repositories are closed that is not told"
        case .grants: "the token, which does not grant it"
        case .unknownAdministrator: "the admin API, which wants an identity and a policy that lets it in"
        }
    }
}
