/// A key with its secret. Prints, dumps and reflects without the secret and the token.
public struct SigV4Credentials: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    public let accessKeyID: String
    let secretKey: String
    let sessionToken: String?

    /// - Parameter sessionToken: Of temporary credentials; nil for lasting ones.
    public init(accessKeyID: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }

    public var description: String { "SigV4Credentials(\(accessKeyID))" }
    public var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}
