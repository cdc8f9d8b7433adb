/// One entry of an archive of another tool, whose name is harmless.
public struct ArchiveEntry: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Bytes.
        case file(size: Int64)
        /// Another entry of the same archive, symbolic or hard.
        case link(to: String)
    }

    /// Relative, without dots; below the archive's root.
    public let path: String
    public let kind: Kind

    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }

    /// What a path means, seen from a folder of the archive; nil if it leads out of it, or is none.
    static func resolve(_ path: String, in folder: [Substring] = []) -> String? {
        guard !path.isEmpty, path.utf8.count <= 512, !path.hasPrefix("/"),
            path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C })
        else { return nil }
        var parts = folder
        for part in path.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard parts.popLast() != nil else { return nil }
            default: parts.append(part)
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }
}
