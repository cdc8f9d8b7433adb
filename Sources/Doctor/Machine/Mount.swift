/// A file system where it is mounted, as `/proc/self/mountinfo` tells (proc(5)).
public struct Mount: Sendable, Equatable {
    public let point: String
    public let kind: String
    /// Those of the mount and those of the file system.
    public let options: Set<String>

    /// The one that `path` lies in; nil if the text tells of none.
    ///
    /// - Parameters:
    ///   - path: Absolute, without links.
    ///   - table: The text of the file.
    public static func holding(_ path: String, table: String) -> Mount? {
        var found: Mount?
        for line in table.split(separator: "\n") {
            guard let mount = Mount(line), mount.holds(path) else { continue }
            // Of several at one place the last one covers the others.
            if mount.point.utf8.count >= found?.point.utf8.count ?? 0 { found = mount }
        }
        return found
    }

    private func holds(_ path: String) -> Bool {
        point == "/" || path == point || path.hasPrefix(point + "/")
    }

    /// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
    init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        guard fields.count > 6, let dash = fields.dropFirst(6).firstIndex(of: "-"), dash + 3 < fields.count else {
            return nil
        }
        point = Self.unescaped(fields[4])
        kind = String(fields[dash + 1])
        options = Set((fields[5].split(separator: ",") + fields[dash + 3].split(separator: ",")).map(String.init))
    }

    /// Blanks, tabs, line ends and backslashes are written as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3, let text = String(validating: digits, as: UTF8.self),
                let value = UInt8(text, radix: 8)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let networkKinds: Set = ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.glusterfs"]

    /// What it means for a store.
    public func finding(_ area: Finding.Area, _ path: String) -> Finding {
        let place = "lies on \(kind), mounted at \(point)"
        if options.contains("ro") {
            return Finding(
                .failure, area, path, "\(place) read-only",
                remedy: "mount it with rw; the kernel's log may say why it is not")
        }
        switch kind {
        case "tmpfs", "ramfs":
            return Finding(
                .warning, area, path, "\(place): what was pushed is lost when the machine stops",
                remedy: "put the store on a disk")
        case "overlay", "aufs":
            return Finding(
                .warning, area, path, "\(place): it goes with the container, and every write is copied up",
                remedy: "mount a volume there")
        case _ where Self.networkKinds.contains(kind):
            return Finding(
                .note, area, path, "\(place): files are opened and renamed over the network",
                remedy: "let no second server use it; for several servers use a bucket")
        case _ where options.contains("sync"):
            return Finding(
                .warning, area, path, "\(place) with sync: every write waits for the disk",
                remedy: "mount it without sync; what must not be lost is synced by the server itself")
        default: return Finding(.ok, area, path, place)
        }
    }
}
