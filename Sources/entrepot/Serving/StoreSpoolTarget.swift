import Bundle
import Configuration
import FoundationEssentials
import OCI
import Registry
import Storage
import Threads
import Transfer

/// Takes what is spooled into the store of this server.
struct StoreSpoolTarget: SpoolTarget {
    let parts: LongLivedParts
    let current: CurrentSnapshot
    let repository: RepositoryName

    func push(_ path: String, as name: ImageName) async throws -> [String] {
        let snapshot = current.value
        let folder = parts.root + "/.entrepot/spooled"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try await ScratchFolder.with(in: folder) { scratch in
            let importer = try Importer(
                parts.store, snapshot.namespaces, through: scratch,
                mostBytes: Int64(snapshot.configuration.server.maxBlobSize.bytes))
            let title = name.repository.components.last.map(String.init) ?? name.description
            let name = ImageName(try prefixed(name.repository), tag: name.tag ?? .latest)
            let archive = try await ThreadPool.shared.run { () throws -> Archive in
                if try Archive.isTar(path) { return try Archive(path: path) }
                return .entries(try FileImageEntries(path, named: title, through: scratch + "/layer"))
            }
            let report = try await importer.run(archive, ImportNaming(name: name))
            return report.images.map(\.description)
        }
    }

    func delete(_ name: ImageName) async throws -> [String] {
        let repository = try current.value.namespaces.repository(try prefixed(name.repository))
        let held = try await parts.registry.manifest(repository, name.reference, isHead: true).content
        try await parts.registry.deleteManifest(repository, .digest(held.digest))
        return ["\(repository.name)@\(held.digest)"]
    }

    private func prefixed(_ name: RepositoryName) throws -> RepositoryName {
        if let long = name.prefixed(by: repository) { return long }
        throw BundleError(.refused, "\(repository)/\(name) is too long a name", remedy: "use a shorter one")
    }
}
