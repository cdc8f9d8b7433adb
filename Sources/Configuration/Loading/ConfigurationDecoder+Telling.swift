import Events

extension ConfigurationDecoder {
    func notificationEndpoints(_ root: TableReader) -> [NotificationEndpointSection] {
        var names: Set<String> = []
        return tables("endpoint", of: root.table("notifications", as: .notifications), as: .notificationEndpoint)
            .compactMap {
                reader in
                guard let section = endpoint(reader) else { return nil }
                guard names.insert(section.name).inserted else {
                    reader.report("name", "'\(section.name)' is taken", "give each endpoint a name of its own")
                    return nil
                }
                return section
            }
    }

    private func endpoint(_ reader: TableReader) -> NotificationEndpointSection? {
        guard reader.requires("name"), reader.requires("url"), let name = reader.text("name"),
            let url = reader.text("url")
        else { return nil }
        let isName =
            name.utf8.count <= 64
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        if !isName {
            reader.report("name", "'\(name)' is no name of an endpoint", "use at most 64 of a-z, 0-9 and '-'")
        }
        if !Self.isAddress(url) {
            reader.report("url", "is not an http or https address", "write it like \"https://ci.example.com/events\"")
        }
        let actions = self.actions(reader)
        let secretFile = reader.text("secret_file")
        return NotificationEndpointSection(
            name: name, url: url, format: reader.choice("format", default: EventFormat.distribution),
            actions: actions, headersFile: reader.text("headers_file"), headers: headers(of: reader),
            secretFile: secretFile, secret: secretFile.flatMap { secret(file: $0, key: "secret_file", reader) },
            caBundle: reader.file("ca_bundle"),
            timeout: reader.duration("timeout", default: .seconds(10)),
            maxQueue: reader.size("max_queue", in: .kibibytes(64)...(.gibibytes(64)), default: .mebibytes(64)))
    }

    private func actions(_ reader: TableReader) -> [RegistryEvent.Action] {
        guard reader.isSet("actions") else { return RegistryEvent.Action.allCases }
        let names = RegistryEvent.Action.allCases.map(\.rawValue)
        return reader.texts("actions").compactMap { _, text in
            if let action = RegistryEvent.Action(rawValue: text) { return action }
            reader.report("actions", "'\(text)' is no action", "use some of \(names.joined(separator: ", "))")
            return nil
        }
    }

    func auditSinks(_ root: TableReader) -> [AuditSinkSection] {
        tables("sink", of: root.table("audit", as: .audit), as: .auditSink).compactMap { reader in
            guard reader.requires("type") else { return nil }
            let kind = reader.choice("type", default: AuditSinkSection.Kind.stdout)
            let path = reader.text("path")
            switch kind {
            case .file where path == nil:
                reader.report("path", "is missing", "name the file that records go to")
                return nil
            case .stdout where path != nil:
                reader.report("path", "has no effect with type = \"stdout\"", "remove it, or write type = \"file\"")
            default: break
            }
            return AuditSinkSection(
                kind: kind, path: path,
                maxSize: reader.size("max_size", in: .kibibytes(64)...(.gibibytes(64)), default: .mebibytes(100)),
                keep: reader.integer("keep", in: 0...1000, default: 5))
        }
    }

    /// The tables of an array.
    private func tables(_ key: String, of parent: TableReader?, as schema: ConfigurationTable) -> [TableReader] {
        guard let parent, let node = parent.node(key) else { return [] }
        let path = parent.path + [.key(key)]
        guard case .array(let elements) = node.content else {
            problems.report(
                path, at: node.origin, "expected an array of tables, found \(node.kind)",
                "write each as [[\(path.text)]]")
            return []
        }
        return elements.enumerated().map { index, element in
            TableReader(schema, element, path: path + [.index(index)], problems: problems)
        }
    }
}
