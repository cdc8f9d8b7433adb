#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif
import Bundle
import Console
import FoundationEssentials
import NIOCore
import OCI
import RegistryClient
import Threads
import Transfer

/// Pulls images of a registry into a file or a pipe, or the file that an image is made of.
struct FileDownload {
    let registry: RemoteRegistry
    var platforms: [ImagePlatform] = []
    var takesReferrers = false

    /// - Parameter output: `-` is standard output.
    func pull(_ names: [ImageName], to output: String, _ options: ProgressOptions) async throws {
        let pull = try await ImagePull(names, from: registry, platforms: platforms, takesReferrers: takesReferrers)
        let target: BundleWriter.Target =
            output == "-" ? .descriptor(STDOUT_FILENO) : .file(output, volumeSize: nil)
        let progress = options.bar("pull", total: pull.catalogue.contents.reduce(0) { $0 + $1.size })
        defer { progress.end() }
        try await Interruptible.run {
            let writer = try await ThreadPool.shared.run { try BundleWriter(target, pull.catalogue) }
            try await pull.write(writer) { progress.add(Int64($0)) }
        }
    }

    /// The file that an image of one layer, or an artifact, is made of.
    ///
    /// - Parameter output: `-` is standard output; nil goes by the file's own name, in the working directory. That is chosen by
    ///   who pushed it: what is there under it stays, and hidden files are not made.
    /// - Returns: Where it was written to.
    func unpack(_ name: ImageName, to output: String?) async throws -> String {
        let manifest = try await registry.manifest(name.repository, name.reference)
        guard manifest.content.kind == .image, manifest.content.layers.count == 1 else {
            throw BundleError(
                .refused, "\(name) is no image of one file: it has \(manifest.content.layers.count) layers",
                remedy: "pull it without --unpack")
        }
        let layer = manifest.content.layers[0]
        let title = layer.annotations?["org.opencontainers.image.title"].flatMap { FileLayer.isFileName($0) ? $0 : nil }
        if output == nil, let title { try Self.checkOwnName(title) }
        return try await ScratchFolder.with { scratch in
            let path = scratch + "/layer"
            try await fetch(layer, name.repository, to: path)
            let isPacked = layer.mediaType.value.contains(".tar") || layer.mediaType.value.contains("rootfs.diff")
            let unpacked = scratch + "/file"
            let inner = try await ThreadPool.shared.run { () throws -> String? in
                guard isPacked else { return nil }
                let descriptor = try Self.create(unpacked)
                defer { close(descriptor) }
                return try FileLayer.unpack(path, to: descriptor)
            }
            let found = isPacked ? unpacked : path
            if output == "-" {
                try await ThreadPool.shared.run { try Self.copy(found, to: STDOUT_FILENO) }
                return "-"
            }
            guard let target = output ?? title ?? inner.flatMap({ FileLayer.isFileName($0) ? $0 : nil }) else {
                throw BundleError(.refused, "the file has no name", remedy: "give it one with --output")
            }
            try await ThreadPool.shared.run { try Self.put(found, target, isOwnName: output == nil) }
            return target
        }
    }

    /// - Parameter isOwnName: Whether the target is named by who pushed the file.
    private static func put(_ file: String, _ target: String, isOwnName: Bool) throws {
        // Beside the target, so that nobody sees half of it.
        let partial = target + ".partial-\(UUID().uuidString.prefix(8))"
        if isOwnName {
            try checkOwnName(target)
            // From now on it is ours.
            close(try create(target))
        }
        do {
            let descriptor = try create(partial)
            defer { close(descriptor) }
            try copy(file, to: descriptor)
            guard fsync(descriptor) == 0, rename(partial, target) == 0 else { throw failure("written", target) }
        } catch {
            unlink(partial)
            if isOwnName { unlink(target) }
            throw error
        }
    }

    private static func checkOwnName(_ name: String) throws(BundleError) {
        guard !name.hasPrefix(".") else {
            throw BundleError(
                .refused, "the file calls itself \(name), which is hidden", remedy: "name it with --output")
        }
        var status = stat()
        guard lstat(name, &status) != 0 else {
            throw BundleError(
                .refused, "there is a file \(name) already, as the file calls itself", remedy: "name it with --output")
        }
    }

    private func fetch(_ layer: Descriptor, _ repository: RepositoryName, to path: String) async throws {
        let descriptor = try Self.create(path)
        defer { close(descriptor) }
        try await registry.pull(layer.digest, size: layer.size, of: repository) { piece in
            try await ThreadPool.shared.run { try Self.write(piece, to: descriptor) }
        }
    }

    // MARK: Files

    private static func create(_ path: String) throws -> CInt {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("made", path) }
        return descriptor
    }

    private static func copy(_ path: String, to descriptor: CInt) throws {
        let file = try OpenedFile(path)
        var position: Int64 = 0
        while position < file.size {
            let piece = try file.bytes(at: position, count: Int(min(file.size - position, 1 << 20)))
            try write(piece, to: descriptor)
            position += Int64(piece.readableBytes)
        }
    }

    private static func write(_ bytes: ByteBuffer, to descriptor: CInt) throws {
        var rest = bytes
        while rest.readableBytes > 0 {
            let count = rest.readWithUnsafeReadableBytes { max(0, systemWrite(descriptor, $0)) }
            guard count > 0 || errno == EINTR else { throw failure("written", "the output") }
        }
    }

    private static func failure(_ what: String, _ path: String) -> BundleError {
        BundleError(
            .io, "\(path) cannot be \(what): \(String(cString: strerror(errno)))",
            remedy: "check the path and its rights")
    }
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Int {
    write(descriptor, buffer.baseAddress, min(buffer.count, 64 << 10))
}
