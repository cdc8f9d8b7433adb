import Configuration
import Doctor
import FoundationEssentials
import Threads

extension Examination {
    func storeFindings(_ configuration: Configuration) async -> [Finding] {
        switch configuration.storage {
        case .fileSystem(let root):
            let rights = StoreRights(root: root)
            var found = rights.findings + folderFindings(root, configuration)
            guard rights.owner != nil else { return found }
            guard !rights.isForeign else {
                found.append(
                    Finding(
                        .note, .store, root, "was not tried, as what is written would belong to another user",
                        remedy: "run this as the user that the server runs as"))
                return found
            }
            return found + (await trialFindings(configuration.storage))
        case .s3(let section):
            return folderFindings(section.spoolDirectory, configuration)
                + (await trialFindings(configuration.storage)) + alone(configuration)
        }
    }

    /// A bucket invites a second server.
    private func alone(_ configuration: Configuration) -> [Finding] {
        guard configuration.lockStore == nil else { return [] }
        return [
            Finding(
                .note, .store, configuration.storage.place,
                "only one server may use it, as there is no [lock_store.redis]")
        ]
    }

    private func folderFindings(_ folder: String, _ configuration: Configuration) -> [Finding] {
        // Where it is to be made.
        var path = URL(filePath: folder).standardizedFileURL.resolvingSymlinksInPath().path
        while path != "/", !FileManager.default.fileExists(atPath: path) {
            path = URL(filePath: path).deletingLastPathComponent().path
        }
        var found: [Finding] = []
        if let table = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8),
            let mount = Mount.holding(path, table: table)
        {
            found.append(mount.finding(.store, folder))
        }
        guard let state = FileSystemState(at: path) else { return found }
        let cache = configuration.cache
        let isBounded = cache.maxSize != nil || cache.minFree != nil || !configuration.storage.isLocal
        return found
            + state.findings(
                .store, folder, minFree: cache.minFree.map { Int64(clamping: $0.bytes) }, isBounded: isBounded)
    }

    /// What the server will do, tried.
    private func trialFindings(_ section: StorageSection) async -> [Finding] {
        var found: [Finding] = []
        let trial = StorageTrial { step in
            switch step.outcome {
            case .ok: break
            case .odd: found.append(Finding(.warning, .store, section.place, "\(step.name): \(step.finding)"))
            case .failed:
                found.append(
                    Finding(
                        .failure, .store, section.place, "\(step.name): \(step.finding)",
                        remedy: "see with 'entrepot storage test' what works and what does not"))
            }
        }
        do {
            await trial.run(try await OpenedStorage(section, pool: .shared).objects)
        } catch {
            trial.note("open", .failed, "\(error)")
        }
        guard found.isEmpty else { return found }
        return [Finding(.ok, .store, section.place, "does everything that the server asks of it")]
    }
}

extension StorageSection {
    fileprivate var isLocal: Bool { if case .fileSystem = self { true } else { false } }
}
