import ArgumentParser
import Console
import CurlClient
import FoundationEssentials
import Janitor

extension AdminOptions {
    private struct Begun: Decodable {
        var number: Int64
    }

    /// As much of the status as is needed here.
    private struct Status: Decodable {
        struct Entry: Decodable {
            struct Progress: Decodable {
                var doneBytes: Int64
                var totalBytes: Int64
            }

            struct Last: Decodable {
                var number: Int64
                var outcome: String
            }

            var job: String
            var progress: Progress?
            var last: Last?
        }

        var jobs: [Entry]
    }

    /// Has the server run a job, however long it takes, and prints what it did; ends with failure if the job failed.
    func runJob(_ job: JanitorJob, _ progress: ProgressOptions) async throws {
        let begun = try await answer(.post, "janitor/run?job=\(job.rawValue)&wait=false")
        guard begun.status == 202,
            let number = try? JSONDecoder().decode(Begun.self, from: Data(begun.body.utf8)).number
        else {
            StandardError.write("entrepot: the server answered \(begun.status): \(begun.body)\n")
            throw ExitCode.failure
        }
        let bar = progress.bar(job.rawValue)
        defer { bar.end() }
        var pause: Duration = .milliseconds(20)
        while true {
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
            let answer = try await answer(.get, "janitor?job=\(job.rawValue)")
            guard answer.status == 200,
                let status = try? JSONDecoder().decode(Status.self, from: Data(answer.body.utf8))
            else {
                StandardError.write("entrepot: the server answered \(answer.status): \(answer.body)\n")
                throw ExitCode.failure
            }
            let entry = status.jobs.first { $0.job == job.rawValue }
            guard let last = entry?.last, last.number >= number else {
                bar.set(entry?.progress?.doneBytes ?? 0, of: entry?.progress?.totalBytes)
                continue
            }
            bar.end()
            let report = try await self.answer(.get, "janitor/last?job=\(job.rawValue)")
            print(report.body, terminator: "")
            if last.outcome != "done" { throw ExitCode.failure }
            return
        }
    }
}
