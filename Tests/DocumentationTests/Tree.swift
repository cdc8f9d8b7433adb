import Foundation

/// The files of this checkout.
enum Tree {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// Paths below `folder` that end so, in order.
    static func paths(below folder: String, ending: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path)
            .filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
    }

    /// Targets of `Package.swift` that are libraries of Swift.
    static func libraries() throws -> [String] {
        try matches(of: #"library\(\s*"([A-Za-z0-9]+)""#, in: text("Package.swift")).map { $0[1] }
    }

    /// The pages of the manual, and those of the libraries.
    static func pages() throws -> [String] {
        try ["README.md"] + paths(below: "docs", ending: ".md") + paths(below: "Sources", ending: ".md")
    }

    /// A type, as its file declares it.
    struct Declaration {
        let path: String
        /// Words before it, such as `public final`.
        let modifiers: String
        let name: String
        /// From its name to the end of the line.
        let rest: String
        let isNested: Bool

        var library: String { String(path.split(separator: "/")[1]) }
    }

    /// All types of the libraries and programs, looked for once: there are many lines.
    static let declarations = Result<[Declaration], any Error> {
        let modifiers = "(?:public |package |private |fileprivate |final |indirect )*"
        let pattern = #"(?m)^( *)(\#(modifiers))(?:struct|class|enum|protocol|actor) (\w+)([^\n]*)"#
        return try paths(below: "Sources", ending: ".swift").flatMap { path in
            try matches(of: pattern, in: text(path)).map { groups in
                Declaration(
                    path: path, modifiers: groups[2], name: groups[3], rest: groups[4], isNested: !groups[1].isEmpty)
            }
        }
    }

    /// What `pattern` and its groups match; empty for a group that matches nothing.
    ///
    /// Foundation's expressions, since those of the language take most of a minute for all files where nothing is optimised.
    static func matches(of pattern: String, in text: String) throws -> [[String]] {
        let text = text as NSString
        return try NSRegularExpression(pattern: pattern)
            .matches(in: text as String, range: NSRange(location: 0, length: text.length)).map { match in
                (0..<match.numberOfRanges).map { group in
                    let range = match.range(at: group)
                    return range.location == NSNotFound ? "" : text.substring(with: range)
                }
            }
    }
}
