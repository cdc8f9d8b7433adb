import ArgumentParser
import Configuration
import Console
import CurlClient
import FoundationEssentials
import Janitor
import Registry
import Storage

struct ScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Look for damage in the store, and put right what can be.",
        discussion: """
            With --dry-run or --check it reads the store itself, whether a server runs or not, changes nothing, and prints \
            a line for each finding. Without, it has the running server look and repair, or does so itself where no \
            server has the store open. Without any of the parts named: all of them.
            """)

    @OptionGroup var admin: AdminOptions
    @Flag(name: [.customShort("d"), .customLong("dry-run"), .customLong("dry-mode")], help: "Change nothing.")
    var isDry = false
    @Flag(name: .customLong("check"), help: "Change nothing; end with 1 if something is found.") var isCheck = false
    @Flag(name: .customLong("json"), help: "Print JSON.") var isJSON = false
    @Option(
        name: [.customShort("u"), .customLong("uploads")],
        help: "Uploads that broke off so long ago, such as 1h.", transform: Self.age)
    var uploads: Seconds?
    @Option(
        name: [.customShort("p"), .customLong("multipart")],
        help: "Transfers into a bucket that broke off so long ago, such as 1d; they are given up.", transform: Self.age)
    var multipart: Seconds?
    @Flag(name: .customLong("check-uploads"), help: "Uploads that broke off longer ago than --upload-timeout.")
    var checksUploads = false
    @Option(
        help: "How long ago; a number is one of seconds. Default: janitor.grace.", transform: Self.age)
    var uploadTimeout: Seconds?
    @Flag(name: [.customShort("t"), .customLong("tags"), .customLong("check-tags")], help: "What tags name.")
    var tags = false
    @Flag(
        name: [.customShort("m"), .customLong("manifests"), .customLong("check-revisions")],
        help: "Manifests, what they name, and referrers.")
    var manifests = false
    @Flag(
        name: [.customShort("b"), .customLong("blobs"), .customLong("check-blobs")], help: "Bytes, by their digests.")
    var blobs = false
    @Flag(name: [.customShort("l"), .customLong("links")], help: "Links to blobs.") var links = false
    @Flag(
        name: [.customShort("r"), .customLong("retention"), .customLong("enforce-retention-policies")],
        help: "Apply the retention rules too.")
    var retention = false
    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        guard uploads == nil || uploadTimeout == nil else {
            throw ValidationError("--uploads and --upload-timeout say the same; use one of them.")
        }
    }

    private static func age(_ text: String) throws -> Seconds {
        if let age = Seconds(text) { return age }
        throw ValidationError("'\(text)' is no length of time; write it like 90s, 1h or 1d.")
    }

    private var selected: Set<ScrubPart> {
        let chosen: [(Bool, ScrubPart)] = [
            (uploads != nil || checksUploads, .uploads), (tags, .tags), (manifests, .manifests), (blobs, .blobs),
            (links, .links),
        ]
        let parts = Set(chosen.filter(\.0).map(\.1))
        return parts.isEmpty && multipart == nil ? Set(ScrubPart.allCases) : parts
    }

    func run() async throws {
        if isDry || isCheck {
            let configuration = try admin.configuration.load()
            let store = RegistryStore(objects: try await OpenedStorage.toRead(configuration.storage))
            let settings = JanitorSettings(configuration, Namespaces.withoutUpstreams(configuration))
            let (scrub, transfers) = try await look(store, settings, repairer: nil)
            if isCheck, scrub.counts["findings"] ?? 0 > 0 || transfers ?? 0 > 0 { throw ExitCode.failure }
        } else if let configuration = StoppedStore.configuration(admin) {
            try await StoppedStore.with(configuration) { stopped in
                if retention { try await stopped.run(.retention, progress) }
                _ = try await look(stopped.store, stopped.settings, repairer: stopped.registry)
            }
        } else {
            guard selected == Set(ScrubPart.allCases), uploads == nil, uploadTimeout == nil,
                multipart == nil
            else {
                StandardError.write(
                    "entrepot: the running server looks at everything; name parts together with --dry-run or --check\n")
                throw ExitCode.failure
            }
            if retention { try await admin.runJob(.retention, progress) }
            try await admin.runJob(.scrub, progress)
        }
    }

    private func look(_ store: RegistryStore, _ settings: JanitorSettings, repairer: Registry?) async throws -> (
        Scrub, transfers: Int?
    ) {
        let bar = progress.bar("scrub")
        defer { bar.end() }
        var scrub = Scrub(
            store: store, settings: settings, repairer: repairer, parts: selected, rate: nil,
            uploadAge: (uploads ?? uploadTimeout).map { $0.milliseconds / 1000 }, now: WallClock.seconds(),
            report: { bar.set($0, of: $1) })
        try await scrub.run()
        bar.end()
        var transfers: Int?
        if let multipart {
            transfers = try await store.sweep(
                before: WallClock.seconds() - multipart.milliseconds / 1000, isDry: isDry || isCheck)
        }
        try show(scrub, transfers)
        return (scrub, transfers)
    }

    private struct Report: Encodable {
        var findings: [ScrubFinding]
        var counts: [String: Int64]
        var abandonedTransfers: Int?
    }

    private func show(_ scrub: Scrub, _ transfers: Int?) throws {
        guard isJSON else {
            for finding in scrub.findings { print(finding.text) }
            let counts = scrub.counts
            print(
                "\(counts["contents"] ?? 0) contents, \(counts["manifests"] ?? 0) manifests and \(counts["tags"] ?? 0) tags "
                    + "in \(counts["repositories"] ?? 0) repositories: \(counts["findings"] ?? 0) findings")
            if let transfers { print("\(transfers) abandoned transfers into the bucket") }
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(
            String(
                decoding: try encoder.encode(
                    Report(findings: scrub.findings, counts: scrub.counts, abandonedTransfers: transfers)),
                as: UTF8.self))
    }
}
