#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import ArgumentParser
import CurlClient

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have a running server take on its configuration now.",
        discussion: """
            Asks the admin API, prints what came of it as JSON and ends with 1 if the configuration was refused. With \
            --pid it sends SIGHUP to that process instead; then the outcome is in the server's log.
            """)

    @OptionGroup var admin: AdminOptions
    @Option(help: "The server's process id.") var pid: Int32?

    func validate() throws {
        if let pid, pid < 1 { throw ValidationError("--pid is the id of one process.") }
    }

    func run() async throws {
        if let pid {
            guard kill(pid, SIGHUP) == 0 else {
                StandardError.write(
                    "entrepot: process \(pid) cannot be signalled: \(String(cString: strerror(errno)))\n")
                throw ExitCode.failure
            }
            return
        }
        let answer = try await admin.answer(.post, "reload")
        switch answer.status {
        case 200:
            print(answer.body, terminator: "")
        case 422:
            print(answer.body, terminator: "")
            StandardError.write("entrepot: the configuration was refused; the one before stays in force\n")
            throw ExitCode.failure
        default:
            StandardError.write("entrepot: the server answered \(answer.status): \(answer.body)\n")
            throw ExitCode.failure
        }
    }
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how a running server is: configuration, last reload, load; as JSON.")

    @OptionGroup var admin: AdminOptions

    func run() async throws { try await admin.ask(.get, "status") }
}
