/// What of `entrepot spool` the environment may say, for containers: `ENTREPOT_SPOOL_` and the option's name in capitals, with `_`
/// for its dashes. The command line counts for more.
enum SpoolEnvironment {
    static let prefix = "ENTREPOT_SPOOL_"
    /// Options that have a value.
    static let options = [
        "registry", "registries", "username", "password-file", "authfile", "tls-ca", "tls-cert", "tls-key",
        "connections",
        "bandwidth", "chunk-size", "default-repository", "health",
    ]
    static let flags = ["plain-http", "keep"]

    static func variable(_ option: String) -> String {
        prefix + option.uppercased().replacing("-", with: "_")
    }

    /// The folder, where it is not an argument.
    static func folder(_ environment: [String: String]) -> String? { value("folder", environment) }

    /// Arguments that say the same as the environment; before those of the command line, which override them.
    static func arguments(_ environment: [String: String]) -> [String] {
        options.flatMap { option in value(option, environment).map { ["--\(option)", $0] } ?? [] }
            + flags.flatMap { value($0, environment) == "true" ? ["--\($0)"] : [] }
    }

    private static func value(_ option: String, _ environment: [String: String]) -> String? {
        environment[variable(option)].flatMap { $0.isEmpty ? nil : $0 }
    }
}
