#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// The files that one stream of bytes lies in: one, or several that `cat` would join.
public struct Volumes: Sendable, Equatable {
    /// In order; never empty.
    public let paths: [String]

    /// The volumes of the bundle that a path names: the file itself, or those numbered `.001` and so on.
    ///
    /// - Throws: If there is none, or one in the middle is missing.
    public init(named path: String) throws(BundleError) {
        let base = path.hasSuffix(Self.suffix(1)) ? String(path.dropLast(4)) : path
        guard path != base || !Self.exists(path) else {
            paths = [path]
            return
        }
        var paths: [String] = []
        while Self.exists(base + Self.suffix(paths.count + 1)) { paths.append(base + Self.suffix(paths.count + 1)) }
        let missing = base + Self.suffix(paths.count + 1)
        // Further ones than the next are looked for, so that a gap is told as one.
        for number in paths.count + 2..<paths.count + 12 where Self.exists(base + Self.suffix(number)) {
            throw BundleError(
                .damaged, "the volume \(missing) is missing, and \(base + Self.suffix(number)) is there",
                remedy: "put all volumes into one folder")
        }
        guard !paths.isEmpty else {
            throw BundleError(.io, "there is no file \(path)", remedy: "name the bundle, or its first volume")
        }
        self.paths = paths
    }

    /// What the name of a volume ends with.
    static func suffix(_ number: Int) -> String {
        let text = String(number)
        return "." + String(repeating: "0", count: max(0, 3 - text.utf8.count)) + text
    }

    static func isSuffix(_ text: Substring) -> Bool {
        Int(text.dropFirst()).map { $0 > 0 && suffix($0) == text } ?? false
    }

    /// Whether a bundle of that name can be read.
    public static func exist(named path: String) -> Bool { exists(path) || exists(path + suffix(1)) }

    /// Where the digests of the volumes are.
    public var sumsPath: String { Self.sumsPath(of: paths[0]) }

    static func sumsPath(of volume: String) -> String {
        (volume.hasSuffix(suffix(1)) ? String(volume.dropLast(4)) : volume) + ".sha256"
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
