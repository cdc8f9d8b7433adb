public import CurlClient

extension RenewedCredentials {
    /// A key whose secret is in a file: read again when the store refuses it.
    public convenience init(
        accessKeyID: String, secretFile: String, sessionToken: String?, now: @escaping @Sendable () -> Int64
    ) {
        self.init(
            [SecretFile(accessKeyID: accessKeyID, path: secretFile, sessionToken: sessionToken)], now: now)
    }

    /// What the surroundings offer, looked for in the order in which AWS's own tools do: the environment, a web identity,
    /// the shared file, the container's endpoint, the instance's.
    ///
    /// - Parameters:
    ///   - curl: Goes through no proxy.
    ///   - patience: With each answer.
    ///   - background: See ``RenewedCredentials/Background``.
    ///   - now: Seconds since 1970.
    public convenience init(
        environment: [String: String], region: String, curl: CurlClient, patience: Duration = .seconds(10),
        background: @escaping Background = { _ in false }, now: @escaping @Sendable () -> Int64
    ) {
        self.init(
            [
                EnvironmentKeys(environment: environment),
                WebIdentity(environment: environment, region: region, curl: curl, patience: patience),
                SharedFile(environment: environment),
                ContainerEndpoint(environment: environment, curl: curl, patience: patience),
                InstanceEndpoint(environment: environment, curl: curl, patience: patience),
            ], background: background, now: now)
    }
}
