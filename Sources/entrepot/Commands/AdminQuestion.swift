import ArgumentParser
import CurlClient

/// What a command asks the admin API.
struct AdminRequest: Sendable {
    let method: CurlRequest.Method
    /// Below `/_entrepot/`.
    let path: String

    init(_ method: CurlRequest.Method, _ path: String) {
        self.method = method
        self.path = path
    }
}

/// A command that asks a running server one thing, always the same, and prints what it answers.
protocol AdminQuestion: AsyncParsableCommand {
    static var question: AdminRequest { get }
    var admin: AdminOptions { get }
}

extension AdminQuestion {
    func run() async throws { try await admin.ask(Self.question.method, Self.question.path) }
}
