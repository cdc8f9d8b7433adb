public import Events

/// `[[notifications.endpoint]]`: somebody who is told what happens to content.
public struct NotificationEndpointSection: Sendable, Equatable {
    /// Unique: names the queue on disk.
    public let name: String
    /// What lies behind the host is a secret of many receivers.
    public let url: Secret
    public let format: EventFormat
    public let actions: [RegistryEvent.Action]
    public let headersFile: String?
    public let headers: [HeaderField]
    /// Signs what is sent.
    public let secretFile: String?
    public let secret: Secret?
    public let caBundle: String?
    public let timeout: Seconds
    public let maxQueue: DataSize

    public init(
        name: String, url: Secret, format: EventFormat = .distribution,
        actions: [RegistryEvent.Action] = RegistryEvent.Action.allCases, headersFile: String? = nil,
        headers: [HeaderField] = [], secretFile: String? = nil, secret: Secret? = nil, caBundle: String? = nil,
        timeout: Seconds = .seconds(10), maxQueue: DataSize = .mebibytes(64)
    ) {
        self.name = name
        self.url = url
        self.format = format
        self.actions = actions
        self.headersFile = headersFile
        self.headers = headers
        self.secretFile = secretFile
        self.secret = secret
        self.caBundle = caBundle
        self.timeout = timeout
        self.maxQueue = maxQueue
    }
}
