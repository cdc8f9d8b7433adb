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

struct JanitorStatusCommand: AdminQuestion {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what each job did last and when it runs next, as JSON.")
    static let question = AdminRequest(.get, "janitor")

    @OptionGroup var admin: AdminOptions
}

struct JanitorRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job now, wait until it is done, and show what it did, as JSON.")

    @OptionGroup var admin: AdminOptions
    @OptionGroup var progress: ProgressOptions
    @Argument(help: "\(JanitorJob.allCases.map(\.rawValue).joined(separator: ", ")).") var job: JanitorJob

    func run() async throws { try await admin.runJob(job, progress) }
}

struct JanitorPauseCommand: AdminQuestion {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Run nothing by itself until 'resume' or a restart.")
    static let question = AdminRequest(.post, "janitor/pause")

    @OptionGroup var admin: AdminOptions
}

struct JanitorResumeCommand: AdminQuestion {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Go on after 'pause'.")
    static let question = AdminRequest(.post, "janitor/resume")

    @OptionGroup var admin: AdminOptions
}

extension JanitorJob: ExpressibleByArgument {}
