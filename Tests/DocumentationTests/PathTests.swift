import Foundation
import Testing

/// Files that pages name, and pages that they lead to.
@Suite struct PathTests {
    @Test(arguments: try Tree.pages())
    func `a page names only files that are there`(page: String) throws {
        let pattern = "`((?:Sources|Tests|docs|config)/[A-Za-z0-9_/.+-]+)`"
        for match in try Tree.matches(of: pattern, in: Tree.text(page)) {
            #expect(Tree.exists(match[1]), "\(match[1])")
        }
    }

    @Test(arguments: try Tree.pages())
    func `a link within the pages leads somewhere`(page: String) throws {
        let folder = page.split(separator: "/").dropLast().joined(separator: "/")
        for match in try Tree.matches(of: #"\]\(([^):#]+)(?:#[^)]*)?\)"#, in: Tree.text(page)) {
            let target = folder.isEmpty ? match[1] : "\(folder)/\(match[1])"
            #expect(Tree.exists(target), "\(match[1])")
        }
    }

    @Test func `every folder of the code is in the list of rooms`() throws {
        let page = try Tree.text("docs/explanation/rooms.md")
        let listed = Set(try Tree.matches(of: #"(?m)^\| `(Sources/[A-Za-z0-9/]+)` \|"#, in: page).map { $0[1] })
        let there = Set(
            try Tree.paths(below: "Sources", ending: ".swift")
                .map { $0.split(separator: "/").dropLast().joined(separator: "/") }
                .filter { $0.split(separator: "/").count > 2 })
        #expect(listed == there)
    }
}
