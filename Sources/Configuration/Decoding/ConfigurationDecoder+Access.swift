import Access
import OCI

extension ConfigurationDecoder {
    private static let mostGroups = 1000

    /// Sorted by id.
    func identities(_ root: TableReader) -> [IdentitySection] {
        guard let reader = root.table("identity", as: .identities) else { return [] }
        var sections: [IdentitySection] = []
        var owners: [Username: IdentityID] = [:]
        for (key, node) in reader.named {
            let table = TableReader(.identity, node, path: reader.path + [.key(key)], problems: problems)
            let username = identityName(table)
            let hash = passwordHash(table)
            let groups = groups(table)
            guard let id = IdentityID(key) else {
                table.report(
                    "is not an identity's name",
                    "use at most \(IdentityID.longest) bytes without control characters")
                continue
            }
            guard let username, let hash else { continue }
            if let owner = owners[username] {
                table.report(
                    "username", "'\(username)' is the user name of identity '\(owner)' as well", "give each its own")
            }
            owners[username] = id
            sections.append(
                IdentitySection(
                    user: User(id: id, username: username, groups: groups, password: hash),
                    passwordFile: table.isSet("password_file") ? table.text("password_file") : nil))
        }
        return sections
    }

    private func identityName(_ table: TableReader) -> Username? {
        guard table.requires("username"), let text = table.text("username") else { return nil }
        if let username = Username(text) { return username }
        table.report(
            "username", "is longer than \(Username.longest) bytes, or holds a colon or a control character",
            "correct it; Basic allows neither")
        return nil
    }

    private func passwordHash(_ table: TableReader) -> PasswordHash? {
        let key = table.isSet("password_file") ? "password_file" : "password"
        if table.isSet("password_file"), table.isSet("password") {
            table.report("password", "is given beside password_file", "keep exactly one of the two")
            return nil
        }
        guard table.requires(key), let text = table.text(key) else { return nil }
        let secret = key == "password_file" ? secret(file: text, key: key, table) : Secret(text)
        guard let secret else { return nil }
        do throws(PasswordHashError) {
            return try PasswordHash(secret.reveal())
        } catch {
            table.report(key, error.message, error.remedy)
            return nil
        }
    }

    private func groups(_ table: TableReader) -> [String] {
        let groups = table.texts("groups")
        for (index, group) in groups where IdentityID(group) == nil {
            problems.report(
                table.path + [.key("groups"), .index(index)], at: table.node("groups")?.origin ?? table.origin,
                "is not a group's name", "use at most \(IdentityID.longest) bytes without control characters")
        }
        if groups.count > Self.mostGroups { table.report("groups", "are too many", "name at most \(Self.mostGroups)") }
        return groups.map(\.text)
    }

    /// Nil where the table has none.
    func accessPolicy(_ table: TableReader, as schema: ConfigurationTable) -> AccessPolicy? {
        guard let reader = table.table("access_policy", as: schema) else { return nil }
        let defaultAllow = reader.flag("default_allow", default: false)
        let rules = rules(reader, manual: "docs/reference/policies.md", AccessRule.init)
        return AccessPolicy(defaultAllow: defaultAllow, rules: rules)
    }

    func declaredAccess(_ global: TableReader) -> DefaultAccess? {
        global.isSet("default_access") ? global.choice("default_access", default: DefaultAccess.reads) : nil
    }

    /// Reports the embedded defaults, which let everybody push, where others than this machine can come: who opens them
    /// has to say what others may do.
    func checkEmbeddedDefaults(_ root: TableReader, _ configuration: Configuration) {
        let saysWhoMay =
            root.isSet("identity") || root.isSet("token") || configuration.declaredAccess != nil
            || configuration.accessPolicy != nil
            || configuration.server.tls?.clients != nil
        guard hasEmbeddedRepositories, !configuration.server.bindAddress.isLoopback, !saysWhoMay else { return }
        let origin = root.node("server")?.table?["bind_address"]?.origin ?? root.origin
        problems.report(
            [.key("server"), .key("bind_address")], at: origin,
            "opens the embedded defaults, in which anybody may push and delete, to others than this machine",
            "say who may do what: global.default_access = \"reads\", [identity.<id>] and [global.access_policy], "
                + "or [repository] tables of your own")
    }
}
