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
        try text("Package.swift").matches(of: /library\(\s*"([A-Za-z0-9]+)"/).map { String($0.1) }
    }

    /// The pages of the manual, and those of the libraries.
    static func pages() throws -> [String] {
        try ["README.md"] + paths(below: "docs", ending: ".md") + paths(below: "Sources", ending: ".md")
    }
}
