import Tokens

extension ConfigurationDecoder {
    private static let standardServices = [ServiceName("entrepot")].compactMap { $0 }

    func token(_ root: TableReader) -> TokenSection? {
        guard let reader = root.table("token", as: .token) else { return nil }
        let issuer = issuer(reader)
        let keys = keys(reader)
        let named = services(reader)
        let defaultService = defaultService(reader, named)
        let services = named.isEmpty ? Self.standardServices : named
        let realm = realm(reader)
        let ttl = reader.duration("ttl", least: .seconds(60), default: TokenSection.standardTTL)
        if ttl > .seconds(86_400) {
            reader.report("ttl", "\(ttl) is too long", "write at most \"1d\": tokens cannot be called back")
        }
        let refreshTTL = reader.duration(
            "refresh_ttl", least: .seconds(60), default: TokenSection.standardRefreshTTL)
        guard let (files, keys) = keys, let defaultService else { return nil }
        return TokenSection(
            issuer: issuer, files: files, keys: keys, ttl: ttl, refreshTTL: refreshTTL, services: services,
            defaultService: defaultService, realm: realm)
    }

    private func issuer(_ reader: TableReader) -> String {
        guard let text = reader.text("issuer") else { return TokenSection.standardIssuer }
        if text.utf8.count > 256 || text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            reader.report(
                "issuer", "is longer than 256 bytes or holds control characters", "write a short name or a URL")
        }
        return text
    }

    private func keys(_ reader: TableReader) -> (TokenSection.Files, TokenKeys)? {
        let signing = signingKey(reader)
        let wanted: SignatureAlgorithm? = reader.isSet("alg") ? reader.choice("alg", default: .rs256) : nil
        if let (_, key) = signing, let wanted, wanted != key.algorithm {
            reader.report(
                "alg", "\(wanted.rawValue) does not go with the key, which is for \(key.algorithm.rawValue)",
                "remove alg, or make a key with 'entrepot token keygen --alg \(wanted.rawValue)'")
        }
        var chain: CertificateChain?
        let chainPath = reader.text("cert_chain")
        if let chainPath, let text = pem(file: chainPath, key: "cert_chain", reader), let (_, key) = signing {
            chain = checked(chainPath, "cert_chain", reader) { () throws(KeyError) in
                try CertificateChain(pem: text, for: key.publicKey)
            }
        }
        let previous = reader.texts("previous_keys").compactMap { entry -> (String, VerificationKey)? in
            guard let text = pem(file: entry.text, key: "previous_keys", reader) else { return nil }
            return checked(entry.text, "previous_keys", reader) { () throws(KeyError) in
                try VerificationKey(pem: text)
            }.map { (entry.text, $0) }
        }
        let format = reader.choice("kid_format", default: KeyIDFormat.rfc7638)
        guard let (path, key) = signing else { return nil }
        return (
            TokenSection.Files(key: path, certificateChain: chainPath, previousKeys: previous.map(\.0)),
            TokenKeys(signing: key, chain: chain, previous: previous.map(\.1), idFormat: format)
        )
    }

    private func signingKey(_ reader: TableReader) -> (String, SigningKey)? {
        guard reader.requires("key"), let path = reader.text("key"), let text = pem(file: path, key: "key", reader)
        else { return nil }
        return checked(path, "key", reader) { () throws(KeyError) in try SigningKey(pem: text) }.map { (path, $0) }
    }

    private func pem(file path: String, key: String, _ reader: TableReader) -> String? {
        secret(file: path, key: key, reader)?.reveal()
    }

    private func checked<Value>(
        _ path: String, _ key: String, _ reader: TableReader, _ parse: () throws(KeyError) -> Value
    ) -> Value? {
        do throws(KeyError) {
            return try parse()
        } catch {
            reader.report(key, "'\(path)' \(error.message)", error.remedy)
            return nil
        }
    }

    private func services(_ reader: TableReader) -> [ServiceName] {
        var services: [ServiceName] = []
        for (_, text) in reader.texts("services") {
            guard let name = ServiceName(text) else {
                reader.report(
                    "services", "one of them cannot be the name of a service",
                    "write at most \(ServiceName.maximumLength) printable ASCII characters without quotes")
                continue
            }
            if !services.contains(name) { services.append(name) }
        }
        if reader.isSet("services"), services.isEmpty {
            reader.report("services", "names no service", "name one, or remove it")
        }
        return services
    }

    /// It is never guessed from `services`: tokens for this server hold what policy is asked about again, tokens for
    /// others are the last word.
    private func defaultService(_ reader: TableReader, _ named: [ServiceName]) -> ServiceName? {
        guard let text = reader.text("default_service") else {
            guard named.isEmpty else {
                reader.report(
                    "default_service", "is missing beside services, which may be other registries",
                    "write this server's own name, like default_service = \"entrepot\", and have it in services")
                return nil
            }
            return Self.standardServices.first
        }
        let services = named.isEmpty ? Self.standardServices : named
        if let name = services.first(where: { $0.text == text }) { return name }
        let names = services.map(\.text)
        let meant = Suggestion.closest(to: text, among: names).map { "did you mean \"\($0)\"?" }
        reader.report("default_service", "'\(text)' is not one of services", meant ?? "add it to services")
        return nil
    }

    private func realm(_ reader: TableReader) -> TokenRealm? {
        guard let text = reader.text("realm") else { return nil }
        do throws(AuthorityError) {
            return try TokenRealm(text)
        } catch {
            reader.report(
                "realm", "'\(text)' is not a URL: \(error.message)",
                "write where clients reach the token service, like \"https://registry.example.com/auth/token\"")
            return nil
        }
    }
}
