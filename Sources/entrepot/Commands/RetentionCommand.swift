import ArgumentParser
import Configuration
import CurlClient
import Janitor
import OCI
import Registry
import Retention
import Storage

struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Remove the images that no retention rule keeps, or show which these are.",
        discussion: """
            With --dry-run it reads the store itself, whether a server runs or not, and prints a line for each image: \
            'keep' with the rule that keeps it, 'go', or for a repository 'fail' with the rule that could not be \
            evaluated. Without, it has the running server do it, or does it itself where no server has the store open. \
            Ends with 1 if a rule failed.
            """)

    @OptionGroup var admin: AdminOptions
    @Flag(name: [.customShort("d"), .customLong("dry-run"), .customLong("dry-mode")], help: "Change nothing.")
    var isDry = false
    @OptionGroup var progress: ProgressOptions

    func run() async throws {
        guard isDry else {
            guard let stopped = StoppedStore.configuration(admin) else {
                return try await admin.runJob(.retention, progress)
            }
            return try await StoppedStore.with(stopped) { try await $0.run(.retention, progress) }
        }
        let configuration = try admin.configuration.load()
        let store = RegistryStore(objects: try await OpenedStorage.toRead(configuration.storage))
        let settings = JanitorSettings(configuration, Namespaces.withoutUpstreams(configuration))
        var hasFailed = false
        for repository in try await settings.judged(store) {
            let policy = settings.retention(repository.namespace.key)
            let review = try await RetentionReview.of(
                repository.name, policy, store: store,
                lastPulled: { try await store.pullTime(of: $0, in: repository.name) }, grace: settings.grace,
                now: WallClock.seconds())
            if let failure = review.failure {
                hasFailed = true
                let rule = failure.rule.map { "\(policy.rules[$0].text): " } ?? ""
                print("fail\t\(repository.name)\t\(rule)\(failure.reason)")
            }
            for verdict in review.verdicts { print(Self.line(verdict, repository.name, policy.rules.map(\.text))) }
        }
        if hasFailed { throw ExitCode.failure }
    }

    private static func line(_ verdict: RetentionReview.Verdict, _ name: RepositoryName, _ rules: [String]) -> String {
        let image = verdict.tag.map { "\(name):\($0)" } ?? "\(name)@\(verdict.digest)"
        return switch verdict.reason {
        case .rule(let index): "keep\t\(image)\t\(rules[index])"
        case .part: "keep\t\(image)\tan index that is kept needs it"
        case .referrer: "keep\t\(image)\twhat it refers to is kept"
        case .fresh: "keep\t\(image)\tit came only just now"
        case .nothing: "go\t\(image)\tno rule is true"
        }
    }
}
