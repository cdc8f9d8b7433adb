#if canImport(Darwin)
    private import Darwin
#elseif canImport(Musl)
    private import Musl
#else
    private import Glibc
#endif

/// The file `registries.toml`: profiles by their names.
public struct RegistryProfiles: Sendable, Equatable {
    /// In the order of their names.
    public private(set) var all: [RegistryProfile]

    public init(_ profiles: [RegistryProfile] = []) {
        all = profiles.sorted { $0.name < $1.name }
    }

    public subscript(name: String) -> RegistryProfile? { all.first { $0.name == name } }

    /// Takes the place of one of the same name.
    public mutating func add(_ profile: RegistryProfile) {
        all = (all.filter { $0.name != profile.name } + [profile]).sorted { $0.name < $1.name }
    }

    /// - Returns: Whether there was one.
    public mutating func remove(_ name: String) -> Bool {
        let count = all.count
        all.removeAll { $0.name == name }
        return all.count < count
    }

    // MARK: The file

    /// `$XDG_CONFIG_HOME/entrepot/registries.toml`, or the same below `~/.config`; nil without a home.
    public static func usualPath(environment: [String: String]) -> String? {
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        return (folder ?? environment["HOME"].map { $0 + "/.config" }).map { $0 + "/entrepot/registries.toml" }
    }

    /// - Parameter path: Of a file that may be absent: then there are none.
    /// - Throws: Every problem with it.
    public init(path: String) throws(ConfigurationProblems) {
        if access(path, F_OK) != 0, errno == ENOENT {
            self.init()
            return
        }
        try self.init(try ConfigurationLoader.document(foreign: path), file: path)
    }

    /// - Parameter file: How the text is called in problems.
    public init(text: String, file: String) throws(ConfigurationProblems) {
        try self.init(try TOMLDocument.parse(text, file: file), file: file)
    }

    private init(_ document: SettingNode, file: String) throws(ConfigurationProblems) {
        let problems = ProblemCollector()
        var profiles: [RegistryProfile] = []
        for (key, node) in (document.table ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard key == "registry", let tables = node.table else {
                problems.report([.key(key)], at: node.origin, "is not known here", "write profiles as [registry.NAME]")
                continue
            }
            for (name, node) in tables.sorted(by: { $0.key < $1.key }) {
                if let profile = Self.profile(name, node, problems) { profiles.append(profile) }
            }
        }
        let found = problems.sorted(files: [file])
        guard found.isEmpty else { throw ConfigurationProblems(found) }
        self.init(profiles)
    }

    private static func profile(_ name: String, _ node: SettingNode, _ problems: ProblemCollector) -> RegistryProfile? {
        let path: [KeyStep] = [.key("registry"), .key(name)]
        guard let address = node.table?["url"]?.string, !address.isEmpty else {
            problems.report(path, at: node.origin, "has no url", "add url = \"https://registry.example.com\"")
            return nil
        }
        guard var profile = RegistryProfile(name: name, address: address) else {
            problems.report(
                path, at: node.origin, "is no name of a profile", "use letters, digits, dashes and underscores")
            return nil
        }
        for (key, value) in node.table ?? [:] where key != "url" {
            guard let known = RegistryProfile.keys.first(where: { $0.key == key }) else {
                let meant = Suggestion.closest(to: key, among: RegistryProfile.keys.map(\.key))
                problems.report(
                    path + [.key(key)], at: value.origin, "unknown key",
                    meant.map { "did you mean '\($0)'?" } ?? "remove it")
                continue
            }
            guard let text = value.string, !text.isEmpty else {
                problems.report(path + [.key(key)], at: value.origin, "is no text", "write it in quotes")
                continue
            }
            profile[keyPath: known.path] = text
        }
        return profile
    }

    /// As it is written to the file. Comments of the file that was read are not in it.
    public var text: String {
        var writer = TOMLWriter()
        for profile in all {
            writer.table("registry", profile.name)
            for (key, value) in profile.settings { writer.value(key, value) }
        }
        return writer.text
    }
}
