import ArgumentParser
import Configuration
import Doctor
import FoundationEssentials
import RegistryClient

/// The file of the profiles.
struct ProfileFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file with the profiles.", discussion: "By default ~/.config/entrepot/registries.toml.",
            valueName: "file"), completion: .file())
    var registries: String?

    func path() throws -> String {
        if let registries { return registries }
        if let path = RegistryProfiles.usualPath(environment: ProcessInfo.processInfo.environment) { return path }
        throw ValidationError("There is no home folder; name the file with --registries.")
    }

    func read() throws -> RegistryProfiles {
        do {
            return try RegistryProfiles(path: try path())
        } catch let error as ConfigurationProblems {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }

    func profile(_ name: String) throws -> RegistryProfile {
        if let profile = try read()[name] { return profile }
        StandardError.write("entrepot: there is no profile '\(name)' in \(try path())\n")
        throw ExitCode.failure
    }

    /// Replaced as a whole, so that nobody reads half of it.
    func write(_ profiles: RegistryProfiles) throws {
        let path = try path()
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        if !folder.isEmpty, let obstacle = FolderObstacle(folder) {
            StandardError.write("entrepot: \(path) cannot be written: \(obstacle.message); \(obstacle.remedy)\n")
            throw ExitCode.failure
        }
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            try Data(profiles.text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            StandardError.write("entrepot: \(path) cannot be written: check the folder, its room and its rights\n")
            throw ExitCode.failure
        }
    }
}
