import Bundle
import Configuration
import FileStorage
import FoundationEssentials
import OCI
import Registry
import RegistryClient
import Storage
import Threads
import Transfer

/// Pushes what is in a file to a registry: the images of an archive, or the file itself as an image.
struct FileUpload {
    enum Kind {
        /// An archive of images where it is one, else a file.
        case whatever
        case file
        /// Of what type.
        case artifact(MediaType)
    }

    struct Pushed {
        var name: ImageName
        var digest: Digest
        /// Bytes that were sent.
        var bytes: Int64
    }

    let registry: RemoteRegistry
    var jobs = 4
    /// Where things are put together; nil for the system's place for such.
    var folder: String?
    /// How far an image has come: how many bytes, of how many.
    var progress: @Sendable (Int64, Int64) -> Void = { _, _ in }

    /// - Parameters:
    ///   - path: `-` is standard input, for archives.
    ///   - name: Of the image; nil for the names that the archive has.
    ///   - title: What a file that is no archive is called in its image; nil for what it is called here.
    ///   - selection: Of an archive with several images, this one.
    func push(
        _ path: String, as name: ImageName?, _ kind: Kind, title: String? = nil, selection: ImageName? = nil
    ) async throws -> [Pushed] {
        let title = title ?? path.split(separator: "/").last.map(String.init) ?? path
        return try await ScratchFolder.with(in: folder) { scratch in
            let isArchive = try await ThreadPool.shared.run { try path == "-" || Self.isArchive(path) }
            switch kind {
            case .whatever where isArchive: return try await pushArchive(path, name, selection, scratch)
            case .whatever, .file:
                guard let name else { throw Self.nameless }
                return [try await pushFile(path, name, title, scratch)]
            case .artifact(let type):
                guard let name else { throw Self.nameless }
                return [try await pushArtifact(path, name, title, type)]
            }
        }
    }

    private static let nameless = BundleError(
        .refused, "a file that is no archive of images has no name of its own",
        remedy: "say as which image it is pushed")

    private static func isArchive(_ path: String) throws -> Bool {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            // The first of several volumes, or nothing.
            return Volumes.exist(named: path)
        }
        return try isFolder || Archive.isTar(path)
    }

    // MARK: Archives

    private func pushArchive(
        _ path: String, _ name: ImageName?, _ selection: ImageName?, _ scratch: String
    ) async throws -> [Pushed] {
        let store = RegistryStore(objects: FileStore(root: scratch, pool: .shared))
        try FileStore.prepare(root: scratch)
        let namespaces = try Self.namespaces()
        let archive = path == "-" ? try Archive(descriptor: 0) : try Archive(path: path)
        let report = try await Importer(store, namespaces, through: scratch + "/parts").run(
            archive, ImportNaming(fallback: name ?? selection))
        var images = try await HeldImages(store, namespaces).all().compactMap { image in
            Self.withoutSpace(image.repository).map { (image: image, name: ImageName($0, tag: image.tag)) }
        }
        // Tags that only stand for digests go along with what they belong to.
        images.removeAll { entry in
            !report.images.contains { $0.repository == entry.image.repository && $0.tag == entry.image.tag }
        }
        if let selection {
            images.removeAll {
                $0.name.repository != selection.repository || $0.name.tag != selection.tag ?? $0.name.tag
            }
        }
        guard let first = images.first else {
            throw BundleError(.refused, "the archive holds no such image", remedy: "look at it with 'skopeo inspect'")
        }
        if let name {
            guard images.allSatisfy({ $0.image.digest == first.image.digest }) else {
                throw BundleError(
                    .refused,
                    "the archive holds several images: \(images.prefix(5).map(\.name.description).joined(separator: ", "))",
                    remedy: "choose one with --select, or push all of them under their own names")
            }
            images = [(first.image, ImageName(name.repository, tag: name.tag ?? .latest))]
        }
        let push = ImagePush(store, to: registry, jobs: jobs)
        var pushed: [Pushed] = []
        for (image, name) in images {
            let outcome = try await push.run(image, as: name.repository, tag: name.tag, progress: progress)
            pushed.append(Pushed(name: name, digest: outcome.digest, bytes: outcome.bytes))
        }
        return pushed
    }

    private static let space = "image"

    /// They take every name, and put it where it is told apart from none.
    private static func namespaces() throws -> Namespaces {
        Namespaces(
            naming: try ConfigurationLoader.load(
                text: "[server]\ndefault_repository = \"\(space)\"\n[repository.\"\(space)\"]\n", name: "(images)"))
    }

    private static func withoutSpace(_ name: RepositoryName) -> RepositoryName? {
        RepositoryName(space).flatMap { name.dropping(prefix: $0) }
    }

    // MARK: Files

    private func pushFile(
        _ path: String, _ name: ImageName, _ title: String, _ scratch: String
    ) async throws -> Pushed {
        let target = scratch + "/layer"
        let image = try await ThreadPool.shared.run {
            let layer = try FileLayer.write(path, named: title, to: target)
            return try FileImage.wrapping(layer, in: OpenedFile(target), named: title)
        }
        return try await push(image, name)
    }

    private func pushArtifact(
        _ path: String, _ name: ImageName, _ title: String, _ type: MediaType
    ) async throws -> Pushed {
        let image = try await ThreadPool.shared.run {
            let file = try OpenedFile(path)
            return try FileImage.artifact(file, file.digest(), size: file.size, named: title, type: type)
        }
        return try await push(image, name)
    }

    private func push(_ image: FileImage, _ name: ImageName) async throws -> Pushed {
        let tag = name.tag ?? .latest
        let bytes = try await image.push(to: registry, name.repository, tag: tag, progress: progress)
        return Pushed(name: ImageName(name.repository, tag: tag), digest: image.digest, bytes: bytes)
    }
}
