import Events

extension ConfigurationDecoder {
    func notificationEndpoints(_ root: TableReader) -> [NotificationEndpointSection] {
        var names: Set<String> = []
        let tables = root.table("notifications", as: .notifications)?.tables("endpoint", as: .notificationEndpoint)
        return (tables ?? []).compactMap { reader in
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
        let standard = NotificationEndpointSection(name: name, url: Secret(url))
        return NotificationEndpointSection(
            name: name, url: Secret(url), format: reader.choice("format", default: standard.format),
            actions: actions, headersFile: reader.text("headers_file"), headers: headers(of: reader),
            secretFile: secretFile, secret: secretFile.flatMap { secret(file: $0, key: "secret_file", reader) },
            caBundle: reader.file("ca_bundle"),
            timeout: reader.duration("timeout", default: standard.timeout),
            maxQueue: reader.size("max_queue", in: .kibibytes(64)...(.gibibytes(64)), default: standard.maxQueue))
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
}
