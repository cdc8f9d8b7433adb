public import OCI

/// On whose behalf an upstream is asked, which decides who goes next where its caps make some wait.
public struct UpstreamErrand: Sendable {
    /// As it is called here. Repositories take turns.
    public let repository: RepositoryName
    public let urgency: Urgency

    public init(repository: RepositoryName, urgency: Urgency) {
        self.repository = repository
        self.urgency = urgency
    }
}
