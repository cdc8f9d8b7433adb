public import ArgumentParser
import CurlClient
public import Janitor

struct JanitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "janitor", abstract: "Look at and steer what keeps the store within its bounds.",
        subcommands: [
            JanitorStatusCommand.self, JanitorRunCommand.self, JanitorPauseCommand.self, JanitorResumeCommand.self,
        ])
}

struct JanitorStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what each job did last and when it runs next, as JSON.")

    @OptionGroup var admin: AdminOptions

    func run() async throws { try await admin.ask(.get, "janitor") }
}

struct JanitorRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job now, wait until it is done, and show what it did, as JSON.")

    @OptionGroup var admin: AdminOptions
    @Argument(help: "\(JanitorJob.allCases.map(\.rawValue).joined(separator: ", ")).") var job: JanitorJob

    func run() async throws { try await admin.runJob(job) }
}

struct JanitorPauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Run nothing by itself until 'resume' or a restart.")

    @OptionGroup var admin: AdminOptions

    func run() async throws { try await admin.ask(.post, "janitor/pause") }
}

struct JanitorResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Go on after 'pause'.")

    @OptionGroup var admin: AdminOptions

    func run() async throws { try await admin.ask(.post, "janitor/resume") }
}

extension JanitorJob: ExpressibleByArgument {}
