import ArgumentParser
import Configuration
import FoundationEssentials
import HTTPServer
import Logging
import OCI
import RegistryClient
import ServiceLifecycle
import Threads
import Transfer
import UnixSignals
import Upstream

struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "Push to a registry what is dropped into a folder, until it is told to stop.",
        discussion: """
            A file 'team\\app:1.0.tar' is pushed as team/app:1.0 and removed; 'team\\app:1.0!' deletes that image. A name that \
            ends with '~' is left alone until it is renamed. What became of a file is in .done/NAME.json, or in .failed \
            with the reason in NAME.err. Archives are those of 'image push'; any other file becomes an image that holds it.

            With --put FILE it does not watch: it hands FILE in to whoever watches the folder.

            In a container the environment says the same: ENTREPOT_SPOOL_FOLDER, and ENTREPOT_SPOOL_REGISTRY, \
            ENTREPOT_SPOOL_TLS_CA and so on for the options of who watches.
            """)

    @OptionGroup var options: RegistryOptions
    @Option(name: [.customShort("r"), .long], help: "A profile or an address.") var registry = "localhost:5000"
    @Flag(help: "Take what is there, and end; with 1 if something failed.") var once = false
    @Flag(help: "Keep what was pushed, in .done.") var keep = false
    @Option(help: "Hand this file in.") var put: String?
    @Option(name: .customLong("as"), help: "The image that it is to become, such as team/app:1.0.") var name: String?
    @Flag(help: "Wait until what is handed in was pushed; ends with 1 if it could not be.") var wait = false
    @Option(help: "How many seconds that may take.") var patience = 3600
    @Option(
        help: ArgumentHelp(
            "Answer /live and /ready here, for who looks after it.", valueName: "host:port"),
        transform: { text in
            guard let address = ListenAddress(argument: text) else {
                throw ValidationError("it is HOST:PORT, such as 0.0.0.0:8086.")
            }
            return address
        })
    var health: ListenAddress?
    @Argument(help: "The folder.", completion: .directory) var folder: String?

    private var chosenFolder: String? { folder ?? SpoolEnvironment.folder(ProcessInfo.processInfo.environment) }

    func validate() throws {
        guard (put == nil) == (name == nil) else { throw ValidationError("--put FILE and --as NAME belong together.") }
        guard chosenFolder != nil else {
            throw ValidationError("Name the folder.")
        }
        guard !wait || put != nil else { throw ValidationError("--wait is for --put.") }
        guard name.map({ ImageName($0)?.digest == nil && ImageName($0) != nil }) ?? true else {
            throw ValidationError("--as is NAME or NAME:TAG.")
        }
    }

    func run() async throws {
        guard let folder = chosenFolder else { return }
        let spool = SpoolFolder(folder, keeps: keep)
        if let put, let name = name.flatMap({ ImageName($0) }) {
            return try await CarryOptions.reporting { try await hand(in: put, name, spool) }
        }
        let target = try options.target(registry)
        var logger = Logger(label: "entrepot")
        logger.logLevel = .info
        let spooler = Spooler(spool, to: RemoteSpoolTarget(target: target, jobs: options.connections), logger: logger)
        try await CarryOptions.reporting {
            if once {
                guard try await spooler.runOnce() == 0 else { throw ExitCode.failure }
                return
            }
            var services: [any Service] = [spooler]
            if let address = health {
                services.append(
                    HTTPServer(
                        configuration: HTTPServerConfiguration(address), handler: SpoolHealth(spooler: spooler),
                        logger: logger))
            }
            try await ServiceGroup(
                services: services.map { NamedService(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            ).run()
        }
    }

    private func hand(in path: String, _ name: ImageName, _ spool: SpoolFolder) async throws {
        let file = name.description.replacing("/", with: "\\") + ".tar"
        try await ThreadPool.shared.run {
            try spool.prepare()
            try spool.hand(in: path, as: file)
        }
        guard wait else { return }
        let end = ContinuousClock.now + .seconds(patience)
        while ContinuousClock.now < end {
            switch try await ThreadPool.shared.run({ spool.outcome(of: file) }) {
            case .success(let images)?:
                images.forEach { print($0) }
                return
            case .failure(let failure)?:
                StandardError.write("entrepot: \(failure.reason)")
                throw ExitCode.failure
            case nil: try await Task.sleep(for: .milliseconds(200))
            }
        }
        StandardError.write("entrepot: nobody has taken \(file) in \(patience) seconds\n")
        throw ExitCode.failure
    }
}

/// Pushes to any registry what is spooled.
struct RemoteSpoolTarget: SpoolTarget {
    let target: RegistryOptions.Target
    let jobs: Int

    func push(_ path: String, as name: ImageName) async throws -> [String] {
        let pushed = try await FileUpload(registry: target.registry, jobs: jobs).push(
            path, as: target.completed(name), .whatever, title: name.repository.components.last.map(String.init))
        return pushed.map { "\($0.name)@\($0.digest)" }
    }

    func delete(_ name: ImageName) async throws -> [String] {
        let name = target.completed(name)
        let digest = try await target.registry.manifest(name.repository, name.reference).digest
        try await target.registry.delete(name.repository, .digest(digest))
        return ["\(name.repository)@\(digest)"]
    }
}
