import ArgumentParser
import Configuration
import Console
import Storage
import Threads

struct StorageCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Carry everything from one store to another.",
        discussion: """
            Each file is a configuration, of which the store counts. Contents are hashed on the way, and come before the \
            links to them. What is there already is passed over: a copy that was cut off goes on when it is begun again, \
            and one that was made beside a running server is completed by another one after its end. Uploads under way \
            stay behind. Nothing is ever removed from either store. A content goes through a local file, where the \
            configuration of the target keeps content that grows. Ends with 1 if something could not be carried.
            """)

    @Option(help: ArgumentHelp("The configuration with the store to read.", valueName: "file"), completion: .file())
    var from: String

    @Option(help: ArgumentHelp("The configuration with the store to write.", valueName: "file"), completion: .file())
    var to: String

    @Option(help: "How many objects at a time.")
    var jobs: Int = 8

    @Flag(help: "Read and hash what is there already, and carry it again where it is wrong.")
    var rehash = false

    @OptionGroup var progress: ProgressOptions

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs is a number between 1 and 256") }
    }

    func run() async throws {
        let (source, target) = (try Self.storage(from), try Self.storage(to))
        guard source != target else {
            StandardError.write("both configurations name the same store\n")
            throw ExitCode.failure
        }
        let report = CopyReport(bar: progress.bar("copy"))
        defer { report.bar.end() }
        do {
            let reading = try await OpenedStorage.toRead(source)
            let opened = try await OpenedStorage.forCommand(target)
            print("from  \(source.place)\nto    \(target.place)")
            let outcome = try await StoreCopy(
                from: reading, to: opened.objects, through: opened.copyFolder, jobs: jobs, isRehashing: rehash,
                report: { report.note($0) }, fail: { key, error in report.fail(key, error) }
            ).run()
            report.end(outcome)
            guard outcome.failures == 0 else { throw ExitCode.failure }
        } catch let error as ExitCode {
            throw error
        } catch {
            StandardError.write("\(error)\nwhat was carried so far stays; begin again to go on\n")
            throw ExitCode.failure
        }
    }

    private static func storage(_ file: String) throws -> StorageSection {
        var options = ConfigurationOptions()
        options.files = [file]
        return try options.load().storage
    }
}

/// Tells of a copy.
private struct CopyReport: Sendable {
    let bar: ProgressBar

    func note(_ progress: StoreCopy.Progress) { bar.set(progress.bytes, of: nil) }

    func fail(_ key: ObjectKey, _ error: any Error) {
        bar.aside { StandardError.write("not carried: \(key): \(error)\n") }
    }

    func end(_ progress: StoreCopy.Progress) {
        bar.end()
        let failures = progress.failures == 0 ? "" : ", \(progress.failures) failed"
        print(
            "\(progress.contents) contents (\(progress.bytes >> 20) MiB) and \(progress.links) links carried, "
                + "\(progress.present) were there\(failures)\n"
                + (progress.failures == 0 ? "all is there" : "something is missing"))
    }
}
