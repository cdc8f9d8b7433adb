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
        let writer = try await ThreadPool.shared.run { try BundleWriter(target, pull.catalogue) }
        let progress = options.bar("pull", total: pull.catalogue.contents.reduce(0) { $0 + $1.size })
        defer { progress.end() }
        try await Interruptible.run { try await pull.write(writer) { progress.add(Int64($0)) } }
    }

    /// The file that an image of one layer, or an artifact, is made of.
    ///
    /// - Parameter output: `-` is standard output; nil goes by the file's own name, in the working directory.
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
            // Beside the target, so that nobody sees half of it.
            let partial = target + ".partial-\(UUID().uuidString.prefix(8))"
            try await ThreadPool.shared.run {
                let descriptor = try Self.create(partial)
                defer { close(descriptor) }
                do {
                    try Self.copy(found, to: descriptor)
                    guard fsync(descriptor) == 0, rename(partial, target) == 0 else {
                        throw Self.failure("written", target)
                    }
                } catch {
                    unlink(partial)
                    throw error
                }
            }
            return target
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
