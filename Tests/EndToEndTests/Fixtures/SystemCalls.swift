import Foundation

/// What `strace -f -y` wrote down, by the order in which the calls ended.
struct SystemCalls {
    private let lines: [String]
    private let root: String

    init(_ text: String, root: String) {
        self.root = root
        // A call during which another thread made one is told in two lines.
        var unfinished: [Substring: String] = [:]
        var lines: [String] = []
        for line in text.split(separator: "\n") {
            let thread = line.prefix { $0 != " " }
            let call = line.dropFirst(thread.count).drop { $0 == " " }
            if call.hasSuffix("<unfinished ...>") {
                unfinished[thread] = String(call.dropLast("<unfinished ...>".count))
            } else if call.hasPrefix("<... "), let start = unfinished.removeValue(forKey: thread),
                let end = call.range(of: "resumed>")
            {
                lines.append(start + call[end.upperBound...])
            } else {
                lines.append(String(call))
            }
        }
        self.lines = lines
    }

    func rename(to path: String) -> (position: Int, source: String)? {
        guard
            let position = lines.firstIndex(where: {
                $0.hasPrefix("rename(") && $0.contains("\"\(root)/\(path)\") = 0")
            })
        else { return nil }
        let source = lines[position].split(separator: "\"")[1]
        return (position, String(source))
    }

    /// Whether the file of that name was synced by then.
    func synced(_ file: String, before position: Int) -> Bool {
        lines[..<position].contains { $0.hasPrefix("fdatasync(") && $0.contains("<\(file)>") && $0.hasSuffix("= 0") }
    }

    func folderSync(of path: String, after position: Int) -> Int? {
        let folder = (path as NSString).deletingLastPathComponent
        return lines[position...].firstIndex {
            $0.hasPrefix("fsync(") && $0.contains("<\(root)/\(folder)>") && $0.hasSuffix("= 0")
        }
    }

    func everSynced(_ folder: String, before position: Int) -> Bool {
        lines[..<position].contains { $0.hasPrefix("fsync(") && $0.contains("<\(folder)>") && $0.hasSuffix("= 0") }
    }

    /// The folders whose entries lead to `path`, from the root down.
    func foldersAbove(_ path: String) -> [String] {
        var folders = [root]
        for part in path.split(separator: "/").dropLast(2) { folders.append((folders.last ?? "") + "/" + part) }
        return folders
    }

    var answers201: [Int] { lines.indices.filter { lines[$0].contains("HTTP/1.1 201 ") } }
}
