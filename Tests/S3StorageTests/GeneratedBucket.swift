import NIOConcurrencyHelpers
import TestSupport

/// Answers lists of a bucket with far more in it than a test could write, and nothing else.
final class GeneratedBucket: Sendable {
    struct Folder: Sendable {
        let count: Int
        /// Folders below it, in the order of their names.
        let name: @Sendable (Int) -> String
    }

    private struct State {
        var requests = 0
        var largest = 0
        var others: [String] = []
    }

    private let folders: [String: Folder]
    private let state = NIOLockedValueBox(State())

    /// - Parameter folders: By their keys, which end in a slash.
    init(_ folders: [String: Folder]) { self.folders = folders }

    /// Lists that were asked for since this was asked last.
    func takeRequests() -> Int {
        state.withLockedValue { state in
            defer { state.requests = 0 }
            return state.requests
        }
    }

    /// Names in the largest page.
    var largestPage: Int { state.withLockedValue { $0.largest } }
    /// What was asked for that is no list.
    var others: [String] { state.withLockedValue { $0.others } }

    func answer(_ request: TestRequest) -> TestResponse {
        var query: [String: String] = [:]
        for pair in (request.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(parts[0])] = parts.count > 1 ? String(parts[1]).replacing("%2F", with: "/") : ""
        }
        guard request.method == "GET", query["list-type"] == "2", let prefix = query["prefix"] else {
            state.withLockedValue { $0.others.append("\(request.method) \(request.target)") }
            return .answer(404, text: "<Error><Code>NoSuchKey</Code></Error>")
        }
        guard let folder = folders[prefix], query["delimiter"] == "/" else {
            state.withLockedValue { $0.requests += 1 }
            return .answer(200, text: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        }
        var first = query["continuation-token"].flatMap { Int($0) } ?? 0
        if let after = query["start-after"] {
            first = Self.firstIndex(folder) { after.utf8.lexicographicallyPrecedes((prefix + $0 + "/").utf8) }
        }
        let end = min(folder.count, first + min(1000, query["max-keys"].flatMap { Int($0) } ?? 1000))
        var text = "<ListBucketResult><IsTruncated>\(end < folder.count)</IsTruncated>"
        if end < folder.count { text += "<NextContinuationToken>\(end)</NextContinuationToken>" }
        for index in first..<end {
            text += "<CommonPrefixes><Prefix>\(prefix)\(folder.name(index))/</Prefix></CommonPrefixes>"
        }
        state.withLockedValue { state in
            state.requests += 1
            state.largest = max(state.largest, end - first)
        }
        return .answer(200, text: text + "</ListBucketResult>")
    }

    /// By halves.
    private static func firstIndex(_ folder: Folder, where isLater: (String) -> Bool) -> Int {
        var (low, high) = (0, folder.count)
        while low < high {
            let middle = (low + high) / 2
            if isLater(folder.name(middle)) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
