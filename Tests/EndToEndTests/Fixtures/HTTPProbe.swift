import Foundation
import TestSupport

/// One HTTP exchange by the curl program, which shares no code with what is tested.
struct HTTPProbe: Sendable {
    struct Answer: Sendable {
        /// 0 where no answer came.
        var status: Int
        /// Names in lower case; the last of several fields of one name.
        var headers: [String: String]
        var body: Data
        /// How the program ended: 18 is a body cut short of its `Content-Length`.
        var exit: ExitStatus

        var text: String { String(decoding: body, as: UTF8.self) }
        var isComplete: Bool { exit == .success }
    }

    static let cutShort = ExitStatus.exited(18)

    static func get(
        _ url: String, headers: [String: String] = [:], method: String = "GET", authority: URL? = nil,
        options: [String] = [], within limit: Duration = .seconds(60)
    ) async throws -> Answer {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let body = folder.appendingPathComponent("body")
        let head = folder.appendingPathComponent("head")
        var arguments = ["-sS", "--noproxy", "*", "-o", body.path, "-D", head.path]
        arguments += method == "HEAD" ? ["--head"] : ["-X", method]
        if let authority { arguments += ["--cacert", authority.path] }
        for (name, value) in headers { arguments += ["-H", "\(name): \(value)"] }
        let result = try await Command("curl", arguments + options + [url]).outcome(within: limit)
        let (status, fields) = parse(head: (try? String(contentsOf: head, encoding: .utf8)) ?? "")
        return Answer(
            status: status, headers: fields, body: method == "HEAD" ? Data() : (try? Data(contentsOf: body)) ?? Data(),
            exit: result.status)
    }

    /// The last head of the exchange, for a `100 Continue` may come before it.
    private static func parse(head: String) -> (Int, [String: String]) {
        let lines =
            head.replacingOccurrences(of: "\r\n", with: "\n").components(separatedBy: "\n\n")
            .last { !$0.isEmpty }?.split(separator: "\n") ?? []
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            fields[line[..<colon].lowercased()] = value
        }
        return (status, fields)
    }
}
