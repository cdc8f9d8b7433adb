import Configuration
import FoundationEssentials

/// `daemon.json` of Docker.
extension RuntimeFiles {
    private struct Daemon: Decodable {
        var mirrors: [String]?

        enum CodingKeys: String, CodingKey { case mirrors = "registry-mirrors" }
    }

    var docker: [Finding] {
        let file = "\(root)/etc/docker/daemon.json"
        guard exists(file) else { return [] }
        let text: String
        do throws(ConfigurationProblems) {
            text = try ConfigurationLoader.text(of: file)
        } catch {
            return [UnreadableRuntimeFileError(path: file, message: error.description).finding]
        }
        guard let daemon = try? JSONDecoder().decode(Daemon.self, from: Data(text.utf8)) else {
            return [UnreadableRuntimeFileError(path: file, message: "is no JSON object as the daemon wants it").finding]
        }
        guard let mirrors = daemon.mirrors, !mirrors.isEmpty else { return [] }
        let found = mirrors.flatMap { judge(file, $0) }
        guard found.isEmpty else { return found }
        return [Finding(.note, .runtimes, file, "leads elsewhere: \(mirrors.joined(separator: ", "))")]
    }

    /// Nothing of what leads elsewhere.
    private func judge(_ file: String, _ text: String) -> [Finding] {
        guard let place = RuntimePlace(text), server.isAt(place.url) else { return [] }
        var found = [schemeFinding(file, text, place)].compactMap { $0 }
        if !["", "/"].contains(place.path) {
            found.append(
                Finding(
                    .failure, .runtimes, file, "\(text) has a path, which Docker does not take",
                    remedy: "take the path away, and set server.default_repository"))
        }
        if !server.takesBareNames {
            found.append(
                Finding(
                    .failure, .runtimes, file, "Docker asks \(text) for bare names, which no namespace here takes",
                    remedy: "set server.default_repository = \"docker.io\""))
        }
        if found.isEmpty { found.append(Finding(.ok, .runtimes, file, "leads here for docker.io")) }
        return found
    }
}
