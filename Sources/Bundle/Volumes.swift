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
        let base = Self.base(of: path)
        guard path != base || !Self.exists(path) else {
            paths = [path]
            return
        }
        var paths: [String] = []
        while Self.exists(base + Self.suffix(paths.count + 1)) { paths.append(base + Self.suffix(paths.count + 1)) }
        let missing = base + Self.suffix(paths.count + 1)
        // Further ones than the next are looked for, so that a gap is told as one.
        for number in paths.count + 2...paths.count + Self.widestGap where Self.exists(base + Self.suffix(number)) {
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

    /// Volumes in a row that may be missing, and still be told to be.
    private static let widestGap = 11

    /// Whether there is a bundle of that name, or some of it.
    public static func exist(named path: String) -> Bool {
        exists(path) || (1...widestGap).contains { exists(base(of: path) + suffix($0)) }
    }

    private static func base(of path: String) -> String {
        path.hasSuffix(suffix(1)) ? String(path.dropLast(4)) : path
    }

    /// Where the digests of the volumes are.
    public var sumsPath: String { Self.sumsPath(of: paths[0]) }

    static func sumsPath(of volume: String) -> String {
        base(of: volume) + ".sha256"
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
