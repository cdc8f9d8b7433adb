import CurlClient
import NIOCore
public import OCI
import Threads

extension UpstreamClient {
    /// Walks the way of every pull, as far as it is the same for all repositories.
    ///
    /// - Parameter report: Told each step when it is over.
    /// - Returns: Whether a pull can come so far.
    public func probe(report: (ProbeStep) -> Void) async -> Bool { await approach(report) != nil }

    /// Walks the way of a pull, one step after the other, up to the manifest; asks for no content.
    ///
    /// - Parameters:
    ///   - repository: As the upstream calls it.
    ///   - report: Told each step when it is over.
    /// - Returns: Whether a pull would get the manifest.
    public func probe(
        _ repository: RepositoryName, _ reference: Reference, report: (ProbeStep) -> Void
    ) async -> Bool {
        guard let (client, challenges) = await approach(report) else { return false }
        if let step = await client.authorizationStep(challenges, repository) {
            report(step)
            if step.isFailure { return false }
        }
        let step = await client.manifestStep(repository, reference)
        report(step)
        return !step.isFailure
    }

    /// - Returns: The client with its credentials of the moment, and what the upstream wants to know; nil where the way ends.
    private func approach(_ report: (ProbeStep) -> Void) async -> (UpstreamClient, [Challenge])? {
        for step in await connectionSteps() {
            report(step)
            if step.isFailure { return nil }
        }
        let (challenge, challenges) = await challengeStep()
        report(challenge)
        var client = self
        do throws(UpstreamError) {
            if let credentialSource { client.credentials = try await credentialSource.credentials() }
        } catch {
            report(.failed(.credentials, error.message, remedy: Self.helperRemedy, .zero))
            return nil
        }
        return (client, challenges)
    }

    // MARK: The connection

    private func connectionSteps() async -> [ProbeStep] {
        let url = AbsoluteURL(origin: endpoint.origin, path: "/v2/")
        let request = CurlRequest(url: url.text, settings: curlSettings(isHome: true, isWhole: true))
        let clock = ContinuousClock()
        let start = clock.now
        guard
            let report = try? await ThreadPool.shared.run({ [curl] in
                curl.connection(for: request)
            })
        else { return [.failed(.dns, "the probe was interrupted", remedy: "try again", .zero)] }
        let total = clock.now - start
        var steps: [ProbeStep] = []
        if let error = report.error, case .resolve = error.code {
            return [.failed(.dns, "\(endpoint.origin.host) does not resolve", remedy: Self.remedy(error), total)]
        }
        if let error = report.error, case .proxy = error.code {
            return [.failed(.tcp, "the proxy cannot be used: \(error.message)", remedy: Self.remedy(error), total)]
        }
        let place = report.address.map { "is at \($0)" } ?? "has an address"
        steps.append(.ok(.dns, "\(endpoint.origin.host) \(place)", report.lookedUp))
        var isConnected = report.connected != nil || report.error == nil
        // libcurl does not tell how far it came when TLS fails.
        if case .tls? = report.error?.code { isConnected = true }
        guard isConnected else {
            let message = report.error?.message ?? "it did not connect"
            let remedy = report.error.map(Self.remedy) ?? Self.reachability
            return steps + [.failed(.tcp, message, remedy: remedy, total)]
        }
        let connecting = report.connected.map { $0 - (report.lookedUp ?? .zero) }
        steps.append(.ok(.tcp, "accepts connections", connecting))
        guard endpoint.origin.isSecure else { return steps }
        let shown = report.certificate.map { "certificate \($0.subject), issued by \($0.issuer), until \($0.expiry)" }
        if let error = report.error {
            let finding = [error.message, shown].compactMap { $0 }.joined(separator: "; ")
            return steps + [.failed(.tls, finding, remedy: Self.remedy(error), report.connected.map { total - $0 })]
        }
        let securing = report.secured.map { $0 - (report.connected ?? .zero) }
        return steps + [.ok(.tls, shown ?? "verified", securing)]
    }

    // MARK: Who may

    private func challengeStep() async -> (ProbeStep, [Challenge]) {
        let clock = ContinuousClock()
        let start = clock.now
        let url = AbsoluteURL(origin: endpoint.origin, path: "/v2/")
        do throws(UpstreamError) {
            let (answer, _) = try await follow(url, .get, [:], authorization: nil, isWhole: true)
            await drain(answer)
            budget?.note(answer.headers, now: now())
            let challenges = Challenge.parse(answer.headers.all("WWW-Authenticate"))
            let finding: String
            switch answer.status {
            case 200: finding = "GET /v2/ answers 200: no authentication is wanted so far"
            case 401: finding = "GET /v2/ answers 401 and wants \(Self.describe(challenges))"
            default:
                let note = ProbeStep(
                    name: .challenge, finding: "GET /v2/ answers \(answer.status), where a registry says 200 or 401",
                    remedy: "see that url leads to a registry; going on, for a pull does not ask this",
                    duration: clock.now - start, isFailure: false)
                return (note, challenges)
            }
            return (.ok(.challenge, finding, clock.now - start), challenges)
        } catch {
            let note = ProbeStep(
                name: .challenge, finding: error.message, remedy: Self.remedy(error), duration: clock.now - start,
                isFailure: false)
            return (note, [])
        }
    }

    private func authorizationStep(_ challenges: [Challenge], _ repository: RepositoryName) async -> ProbeStep? {
        guard !challenges.isEmpty, let ask = try? UpstreamRequest(.head, repository, "manifests/x", within: endpoint)
        else {
            return nil
        }
        let clock = ContinuousClock()
        let start = clock.now
        let who = credentials.map { "as \($0.username)" } ?? "anonymously"
        do throws(UpstreamError) {
            switch try await authorization(answering: challenges, ask.scope, refused: .anonymous) {
            case .anonymous:
                return nil
            case .basic:
                return .ok(.credentials, "the password is shown \(who)", clock.now - start)
            case .bearer:
                return .ok(.token, "got one \(who) for \(ask.scope)", clock.now - start)
            }
        } catch {
            let isBearer = challenges.contains { $0.scheme == "bearer" }
            return .failed(
                isBearer ? .token : .credentials, "\(error.message) (\(who))",
                remedy: Self.remedy(error, hasCredentials: credentials != nil), clock.now - start)
        }
    }

    // MARK: The manifest

    private func manifestStep(_ repository: RepositoryName, _ reference: Reference) async -> ProbeStep {
        let clock = ContinuousClock()
        let start = clock.now
        var plain = self
        // Without these the client would be one that nobody else counts.
        plain.pass = nil
        do throws(UpstreamError) {
            let head: UpstreamManifestHead
            do throws(UpstreamError) {
                head = try await plain.headManifest(repository, reference)
            } catch  where error.kind == .invalidResponse {
                // A pull asks with GET; some registries know nothing else.
                let manifest = try await plain.manifest(repository, reference)
                head = UpstreamManifestHead(
                    digest: manifest.digest, mediaType: manifest.mediaType, size: Int64(manifest.bytes.readableBytes))
            }
            let parts = [
                head.digest.map { "\($0)" }, head.mediaType?.value, head.size.map { "\($0) bytes" },
            ].compactMap { $0 }
            return .ok(.manifest, parts.isEmpty ? "is there" : parts.joined(separator: ", "), clock.now - start)
        } catch {
            let cause = (error.cause as? UpstreamAnswerError).flatMap { $0.code == nil ? nil : ": \($0)" } ?? ""
            return .failed(
                .manifest, error.message + cause, remedy: Self.remedy(error, hasCredentials: credentials != nil),
                clock.now - start)
        }
    }
}
