internal import CEL

/// Who makes a request, as far as that is known. Immutable; a class because it is handed around with every request.
public final class Identity: Sendable, Equatable {
    /// Nil without valid credentials; a certificate alone gives none.
    public let id: IdentityID?
    public let username: Username?
    public let groups: [String]
    public let origin: ClientOrigin
    /// What the shown token grants; nil where no token was shown. Policy is asked all the same.
    public let grants: [ResourceAccess]?

    let values: PolicyVariables.IdentityValues

    /// - Parameter groups: May be wanted by policies as `identity.groups`.
    public init(
        id: IdentityID? = nil, username: Username? = nil, groups: [String] = [], origin: ClientOrigin = ClientOrigin(),
        grants: [ResourceAccess]? = nil
    ) {
        self.id = id
        self.username = username
        self.groups = groups
        self.origin = origin
        self.grants = grants
        values = PolicyVariables.IdentityValues(id: id, username: username, groups: groups, origin: origin)
    }

    /// Somebody with valid credentials.
    public convenience init(_ user: User, origin: ClientOrigin, grants: [ResourceAccess]? = nil) {
        self.init(id: user.id, username: user.username, groups: user.groups, origin: origin, grants: grants)
    }

    /// The same, bound by policy alone.
    public var withoutGrants: Identity {
        grants == nil ? self : Identity(id: id, username: username, groups: groups, origin: origin)
    }

    /// Nobody, from nowhere.
    public static let anonymous = Identity()

    /// Whether anything, credentials or a certificate, says who it is.
    public var isKnown: Bool { id != nil || origin.certificate != nil }

    public static func == (left: Identity, right: Identity) -> Bool {
        (left.id, left.username, left.groups, left.origin) == (right.id, right.username, right.groups, right.origin)
            && left.grants == right.grants
    }
}

extension Identity: CustomStringConvertible {
    /// For logs.
    public var description: String {
        id?.value
            ?? origin.certificate.map { certificate in
                let names = certificate.commonNames.isEmpty ? certificate.organizations : certificate.commonNames
                return "certificate of \(names.joined(separator: ", "))"
            } ?? "anonymous"
    }
}
