import Configuration
import CurlClient
import NIOCore

/// Asks the admin API of a server, as often as it takes.
struct AdminClient: Sendable {
    struct Answer {
        let status: Int
        let body: String
    }

    private let origin: String
    private let token: Secret
    private let settings: CurlSettings
    private let curl = CurlClient(proxies: .none)

    private static let longestAnswer = 16 << 20

    /// - Parameter caBundle: Authorities beside the system's.
    init(origin: String, token: Secret, caBundle: String?) {
        self.origin = origin
        self.token = token
        var settings = CurlSettings()
        if let caBundle { settings.trustRoots = .bundleAndSystem(caBundle) }
        self.settings = settings
    }

    /// - Parameter path: From the root.
    func answer(_ method: CurlRequest.Method, at path: String) async throws(AdminClientError) -> Answer {
        do throws(CurlError) {
            let answer = try await curl.execute(
                CurlRequest(
                    url: "\(origin)\(path)", method: method, headers: ["Authorization": "Bearer \(token.reveal())"],
                    settings: settings))
            return Answer(
                status: answer.status, body: String(buffer: try await answer.body.collect(upTo: Self.longestAnswer)))
        } catch {
            throw AdminClientError(description: "\(origin) cannot be asked: \(error)")
        }
    }

    /// The body of an answer that must be 200.
    func body(_ path: String) async throws(AdminClientError) -> String {
        let answer = try await answer(.get, at: path)
        guard answer.status == 200 else {
            throw AdminClientError(
                description: "\(origin) answers \(answer.status) for \(path): \(answer.body.prefix(200))")
        }
        return answer.body
    }
}

/// Why a server said nothing that is of use.
struct AdminClientError: Error, CustomStringConvertible {
    let description: String
}
