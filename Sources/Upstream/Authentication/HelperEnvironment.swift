/// What a credential helper sees of this process's environment: what programs need to run, and where the clouds' own
/// programs look for theirs. Never what another upstream's password may stand in.
public enum HelperEnvironment {
    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "DOCKER_CONFIG", "GNUPGHOME",
        "PASSWORD_STORE_DIR", "DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    ]
    private static let prefixes = [
        "LC_", "XDG_", "AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "GCE_", "OCI_CLI_", "IDENTITY_", "MSI_",
    ]

    /// - Parameter secrets: Variables that hold what is not for helpers, whatever their names.
    public static func variables(
        of environment: [String: String], without secrets: Set<String>
    ) -> [String: String] {
        environment.filter { name, _ in
            !secrets.contains(name) && (names.contains(name) || prefixes.contains(where: name.hasPrefix))
        }
    }
}
