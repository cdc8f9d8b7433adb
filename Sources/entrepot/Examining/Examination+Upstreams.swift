import Configuration
import Doctor
import Logging
import OCI
import Registry
import Upstream

extension Examination {
    private struct Asked: Sendable {
        let client: UpstreamClient
        /// Whose only upstream it is.
        var sole: [String] = []
    }

    func upstreamFindings(_ configuration: Configuration) async -> [Finding] {
        let logger = Logger(label: "entrepot.doctor") { _ in SwiftLogNoOpLogHandler() }
        let namespaces: Namespaces
        do {
            namespaces = try NamespacesBuilder(
                configuration: configuration,
                parts: LongLivedUpstreamParts(manifestRoom: ByteBudget(limit: .max), logger: logger),
                previous: UpstreamClients()
            ).build().namespaces
        } catch {
            return [Finding(.failure, .upstreams, "repository", "\(error)", remedy: "see 'entrepot config check'")]
        }
        var asked: [Asked] = []
        for namespace in namespaces.all.sorted(by: { $0.key.value < $1.key.value }) where !namespace.isOffline {
            for case let client as UpstreamClient in namespace.upstreams {
                let index =
                    asked.firstIndex { $0.client.name == client.name && $0.client.budget === client.budget }
                    ?? asked.count
                if index == asked.count { asked.append(Asked(client: client)) }
                if namespace.upstreams.count == 1 { asked[index].sole.append(namespace.key.value) }
            }
        }
        guard !asked.isEmpty else { return [] }
        return await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (number, one) in asked.enumerated() { group.addTask { (number, await Self.findings(one)) } }
            return await group.reduce(into: [(Int, [Finding])]()) { $0.append($1) }.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    private static func findings(_ asked: Asked) async -> [Finding] {
        let client = asked.client
        var found: [Finding] = []
        var steps: [ProbeStep] = []
        func report(_ step: ProbeStep) { steps.append(step) }
        // An image that Docker Hub keeps for this: asking about it tells what is left and costs nothing.
        if client.name == UpstreamURL.dockerHubHost, let name = RepositoryName("ratelimitpreview/test"),
            let tag = Reference("latest")
        {
            _ = await client.probe(name, tag, report: report)
        } else {
            _ = await client.probe(report: report)
        }
        for step in steps {
            guard let remedy = step.remedy else { continue }
            let isWorst = step.isFailure && !asked.sole.isEmpty
            let consequence = isWorst ? " (the only upstream of \(asked.sole.joined(separator: ", ")))" : ""
            found.append(
                Finding(
                    isWorst ? .failure : .warning, .upstreams, client.name,
                    "\(step.name.rawValue): \(step.finding)\(consequence)", remedy: remedy))
        }
        if found.isEmpty {
            let shown = steps.filter { $0.name == .tls || $0.name == .challenge }.map(\.finding)
            found.append(Finding(.ok, .upstreams, client.name, shown.joined(separator: "; ")))
        }
        if let reading = client.budget?.reading { found.append(finding(client.name, reading)) }
        return found
    }

    private static func finding(_ name: String, _ reading: RateBudget.Reading) -> Finding {
        let period = reading.window.map { " for \($0) seconds" } ?? ""
        let left = "\(reading.remaining) of \(reading.limit) requests are left\(period)"
        guard reading.remaining * 10 < reading.limit else { return Finding(.ok, .upstreams, name, left) }
        return Finding(
            .warning, .upstreams, name, left,
            remedy: "use an account with a higher limit (username, password_file), or a longer tag_ttl")
    }
}
