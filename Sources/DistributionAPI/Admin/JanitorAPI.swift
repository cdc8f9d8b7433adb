internal import HTTPServer
internal import Janitor
internal import NIOHTTP1
internal import OCI

/// The janitor by hand: `janitor`, `janitor/run`, `janitor/pause` and `janitor/resume` below the admin API's root.
struct JanitorAPI {
    let janitor: Janitor

    static func isMeant(by path: some StringProtocol) -> Bool { path == "janitor" || path.hasPrefix("janitor/") }

    func answer(_ path: some StringProtocol, _ request: Request) async throws(RegistryError) -> Response {
        switch (path, request.method) {
        case ("janitor", .GET):
            return try AdminAPI.json(janitor.status.withoutFindings)
        case ("janitor/last", .GET):
            return try AdminAPI.json(janitor.status.jobs.first { $0.job == (try? job(request)) }?.last)
        case ("janitor/run", .POST):
            return try await run(request)
        case ("janitor/pause", .POST), ("janitor/resume", .POST):
            janitor.pause(path == "janitor/pause")
            return try AdminAPI.json(janitor.status)
        case ("janitor", _), ("janitor/last", _): throw .wrongMethod(takes: [.GET])
        case ("janitor/run", _), ("janitor/pause", _), ("janitor/resume", _): throw .wrongMethod(takes: [.POST])
        default:
            throw RegistryError(.unsupported, status: 404, "there is no such path")
        }
    }

    private func job(_ request: Request) throws(RegistryError) -> JanitorJob {
        if let job = try Query(request.query)["job"].flatMap(JanitorJob.init) { return job }
        let names = JanitorJob.allCases.map(\.rawValue).joined(separator: ", ")
        throw RegistryError(.unsupported, status: 400, "job must be one of: \(names)")
    }

    private func run(_ request: Request) async throws(RegistryError) -> Response {
        let job = try job(request)
        let isWaiting = try Query(request.query)["wait"] != "false"
        let number = isWaiting ? nil : janitor.begin(job)
        if let number { return try AdminAPI.json(["number": number], status: .accepted) }
        guard isWaiting, let report = await janitor.run(job) else {
            throw RegistryError(
                .unavailable, status: 503, "the server stops, or too many jobs wait", retryAfter: 1)
        }
        return try AdminAPI.json(report, status: report.outcome == .done ? .ok : .internalServerError)
    }
}
