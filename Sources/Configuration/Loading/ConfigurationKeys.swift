/// Every key that can be set. The decoder can read no others, and the documentation is tested against this list.
public enum ConfigurationKeys {
    /// Paths as the documentation writes them: `server.tls.client_auth`, `repository."<namespace>".upstream.url`.
    public static let all: [String] = ConfigurationTable.allCases.flatMap { table in
        table.keys.map { table.path.isEmpty ? $0 : "\(table.path).\($0)" }
    }

    /// Tables of the schema that this version does not act on. Ignoring one would be worse than refusing it.
    static let notInThisVersion: Set<String> = [
        "auth", "tracing",
        "blob_store", "metadata_store", "account", "tenant", "registry",
    ]
}
