/// A request for a token, from either of the two forms there are.
public struct TokenRequest: Sendable, Equatable {
    public enum Grant: Sendable, Equatable {
        /// Credentials are in the request's `Authorization`, or there are none.
        case header
        case password(username: String, password: String)
        case refresh(String)
    }

    public enum Form: Sendable, Equatable {
        /// `GET` with a query: the Docker token protocol.
        case query
        /// `POST` with a form: OAuth 2.
        case oauth
    }

    public var form: Form
    public var grant: Grant
    /// The default service if nil.
    public var service: String?
    public var scopes: [ResourceScope]
    public var client: ClientID
    public var wantsRefreshToken: Bool
    /// For information only.
    public var account: String?

    /// From the fields of a `GET`.
    public init(query fields: [(name: String, value: String)]) throws(TokenRequestError) {
        form = .query
        grant = .header
        service = Self.value("service", fields)
        scopes = ScopeParser.parse(fields.lazy.filter { $0.name == "scope" }.map(\.value))
        client = try Self.client(Self.value("client_id", fields) ?? "")
        wantsRefreshToken = Self.value("offline_token", fields) == "true"
        account = Self.value("account", fields)
    }

    /// From the fields of a `POST`.
    ///
    /// - Throws: ``TokenRequestError`` with the errors of RFC 6749, section 5.2.
    public init(form fields: [(name: String, value: String)]) throws(TokenRequestError) {
        self.form = .oauth
        func required(_ name: String) throws(TokenRequestError) -> String {
            guard let value = Self.value(name, fields) else { throw .invalidRequest("\(name) is missing") }
            return value
        }
        for name in ["grant_type", "service", "client_id", "username", "password", "refresh_token"]
        where fields.count(where: { $0.name == name }) > 1 {
            throw .invalidRequest("\(name) is given twice")
        }
        switch try required("grant_type") {
        case "password":
            grant = .password(username: try required("username"), password: try required("password"))
        case "refresh_token":
            grant = .refresh(try required("refresh_token"))
        default:
            throw .unsupportedGrantType
        }
        service = try required("service")
        client = try Self.client(try required("client_id"))
        scopes = ScopeParser.parse(fields.lazy.filter { $0.name == "scope" }.map(\.value))
        wantsRefreshToken = Self.value("access_type", fields) == "offline"
        account = nil
    }

    private static func value(_ name: String, _ fields: [(name: String, value: String)]) -> String? {
        fields.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    private static func client(_ text: String) throws(TokenRequestError) -> ClientID {
        guard let client = ClientID(text) else {
            throw .invalidRequest("client_id is longer than \(ClientID.maximumLength) bytes")
        }
        return client
    }
}
