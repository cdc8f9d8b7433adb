import CurlClient
import OCI

extension UpstreamClient {
    /// Asks with HEAD; an upstream that takes none is asked with GET, from then on at once.
    ///
    /// - Parameter part: What is enough of the body then; nil for all of it.
    /// - Returns: An answer of which the body is of no use.
    func head(
        _ repository: RepositoryName, _ what: String, _ headers: CurlHeaders = [:], accepted: Set<Int> = [200],
        part: String? = nil
    ) async throws(UpstreamError) -> CurlResponse {
        var ask = try UpstreamRequest(.head, repository, what, headers: headers, within: endpoint)
        if !refusedHeads.contains(ask.family, now: now()) {
            ask.accepted = accepted.union(RefusedHeads.statuses)
            let answer = try await send(ask)
            guard RefusedHeads.statuses.contains(answer.status) else { return answer }
            refusedHeads.insert(ask.family, now: now())
        }
        ask = try UpstreamRequest(.get, repository, what, headers: headers, within: endpoint)
        ask.accepted = accepted
        if let part {
            ask.headers.set("Range", part)
            ask.accepted.formUnion([206, 416])
            ask.isWhole = false
        }
        let answer = try await send(ask)
        await drain(answer)
        return answer
    }
}
