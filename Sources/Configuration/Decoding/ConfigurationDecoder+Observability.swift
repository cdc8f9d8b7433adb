extension ConfigurationDecoder {
    private static let mostHeaders = 32

    func observability(_ root: TableReader) -> ObservabilitySection {
        let reader = root.table("observability", as: .observability)
        return ObservabilitySection(
            listen: reader.flatMap(metricsAddress),
            tracing: tracing(reader?.table("tracing", as: .observabilityTracing)))
    }

    private func metricsAddress(_ reader: TableReader) -> ListenAddress? {
        guard let text = reader.text("listen") else { return nil }
        do throws(AuthorityError) {
            return try ListenAddress(text)
        } catch {
            reader.report(
                "listen", "'\(text)' is not an address with a port: \(error.message)", "write it as \"127.0.0.1:9090\"")
            return nil
        }
    }

    /// Nil unless file or environment names a collector.
    private func tracing(_ reader: TableReader?) -> TracingSection? {
        if let reader, !reader.isSet("endpoint") {
            reader.report("endpoint", "is missing", "name the collector, like \"http://127.0.0.1:4318/v1/traces\"")
            return nil
        }
        guard environment["OTEL_SDK_DISABLED"]?.lowercased() != "true" || reader != nil,
            let endpoint = reader.map({ $0.text("endpoint") }) ?? environmentEndpoint
        else { return nil }
        guard Self.isAddress(endpoint) else {
            reader?.report(
                "endpoint", "is not an http or https address", "write it like \"http://127.0.0.1:4318/v1/traces\"")
            return nil
        }
        return TracingSection(
            endpoint: endpoint, samplingRate: reader.flatMap(samplingRate) ?? environmentRate ?? 1,
            headersFile: reader?.text("headers_file"), headers: headers(reader), caBundle: caBundle(reader),
            resource: resource)
    }

    /// OpenTelemetry's "Protocol Exporter": the address for traces as it is, the general one with the path added.
    private var environmentEndpoint: String? {
        if let own = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], !own.isEmpty { return own }
        guard let base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"], !base.isEmpty else { return nil }
        return base + (base.hasSuffix("/") ? "" : "/") + "v1/traces"
    }

    static func isAddress(_ text: String) -> Bool {
        text.utf8.count <= 2048 && (text.hasPrefix("http://") || text.hasPrefix("https://"))
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !text.contains("@") && !text.contains("#")
            && text.utf8.count > "https://".utf8.count
    }

    private func samplingRate(_ reader: TableReader) -> Double? {
        guard let node = reader.node("sampling_rate") else { return nil }
        let rate: Double? =
            switch node.content {
            case .integer(let number): Double(number)
            case .number(let number): number
            default: nil
            }
        if let rate, (0...1).contains(rate) { return rate }
        reader.report(
            "sampling_rate", "is not a number between 0 and 1", "write 1.0 for all, 0.01 for one in a hundred")
        return nil
    }

    /// `OTEL_TRACES_SAMPLER` and its argument, of the samplers that follow their parent.
    private var environmentRate: Double? {
        switch environment["OTEL_TRACES_SAMPLER"] {
        case "always_on", "parentbased_always_on": 1
        case "always_off", "parentbased_always_off": 0
        case "traceidratio", "parentbased_traceidratio":
            environment["OTEL_TRACES_SAMPLER_ARG"].flatMap(Double.init).flatMap { (0...1).contains($0) ? $0 : nil }
        default: nil
        }
    }

    private func caBundle(_ reader: TableReader?) -> String? {
        if let reader, reader.isSet("ca_bundle") { return reader.file("ca_bundle") }
        return environment["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"] ?? environment["OTEL_EXPORTER_OTLP_CERTIFICATE"]
    }

    /// A file has `Name: value` a line; the environment `name=value`, separated by commas.
    private func headers(_ reader: TableReader?) -> [HeaderField] {
        if let reader, reader.isSet("headers_file") { return headers(of: reader) }
        let text =
            environment["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] ?? environment["OTEL_EXPORTER_OTLP_HEADERS"] ?? ""
        return text.split(separator: ",").prefix(Self.mostHeaders).compactMap { Self.header($0, separator: "=") }
    }

    /// Those of `headers_file`.
    func headers(of reader: TableReader) -> [HeaderField] {
        let key = "headers_file"
        guard let path = reader.text(key), let text = secret(file: path, key: key, reader)?.reveal() else { return [] }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            if let header = Self.header(line, separator: ":") { return header }
            reader.report(key, "'\(path)' has a line that is no field", "write each line as \"Name: value\"")
            return nil
        }
    }

    private static func header(_ text: Substring, separator: Character) -> HeaderField? {
        guard let middle = text.firstIndex(of: separator) else { return nil }
        let name = trimmed(text[..<middle])
        let value = trimmed(text[text.index(after: middle)...])
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }),
            value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return nil }
        return HeaderField(name: name, value: Secret(value))
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// `OTEL_SERVICE_NAME` before `service.name` in `OTEL_RESOURCE_ATTRIBUTES`.
    private var resource: [TracingSection.Attribute] {
        var attributes = (environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "").split(separator: ",").prefix(Self.mostHeaders)
            .compactMap { entry -> TracingSection.Attribute? in
                guard let header = Self.header(entry, separator: "=") else { return nil }
                return TracingSection.Attribute(key: header.name, value: header.value.reveal())
            }
        let key = "service.name"
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty {
            attributes.removeAll { $0.key == key }
            attributes.append(TracingSection.Attribute(key: key, value: name))
        }
        if !attributes.contains(where: { $0.key == key }) {
            attributes.append(TracingSection.Attribute(key: key, value: "entrepot"))
        }
        return attributes
    }
}
