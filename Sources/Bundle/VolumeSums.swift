#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

internal import Hashing
internal import NIOCore
internal import OCI

/// The digests of a bundle's volumes, in the file beside them, as `sha256sum` writes and checks it.
public struct VolumeSums: Sendable {
    private let volumes: Volumes
    private let lines: [Substring]

    /// Nil if there is no such file.
    public init?(_ volumes: Volumes) {
        guard access(volumes.sumsPath, R_OK) == 0, let paths = try? Volumes(named: volumes.sumsPath),
            let source = try? VolumeSource(paths, hashes: false), let bytes = try? source.read(upTo: 1 << 20)
        else { return nil }
        self.volumes = volumes
        lines = String(buffer: bytes).split(separator: "\n")
    }

    /// Reads all volumes, and compares.
    public func check() throws(BundleError) {
        let source = try VolumeSource(volumes, hashes: true)
        while try source.read(upTo: 1 << 20) != nil {}
        try check(source.digests)
    }

    func check(_ digests: [Digest]) throws(BundleError) {
        for (digest, line) in zip(digests, lines) {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0] == digest.hex else {
                let name = parts.count == 2 ? String(parts[1].drop { $0 == " " || $0 == "*" }) : "?"
                throw .damaged("the volume \(name.prefix(255)) is not what its digest in \(volumes.sumsPath) says")
            }
        }
        guard digests.count == lines.count else {
            throw .damaged("there are \(digests.count) volumes, and \(lines.count) in \(volumes.sumsPath)")
        }
    }
}
