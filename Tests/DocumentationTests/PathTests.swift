import Foundation
import Testing

/// Files that pages name, and pages that they lead to.
@Suite struct PathTests {
    @Test(arguments: try Tree.pages())
    func `a page names only files that are there`(page: String) throws {
        let paths = try Tree.text(page).matches(of: /`((?:Sources|Tests|docs|config)\/[A-Za-z0-9_\/.+\-]+)`/)
        for path in paths { #expect(Tree.exists(String(path.1)), "\(path.1)") }
    }

    @Test(arguments: try Tree.pages())
    func `a link within the pages leads somewhere`(page: String) throws {
        let folder = page.split(separator: "/").dropLast().joined(separator: "/")
        for link in try Tree.text(page).matches(of: /\]\(([^):#]+)(?:#[^)]*)?\)/) {
            let target = folder.isEmpty ? String(link.1) : "\(folder)/\(link.1)"
            #expect(Tree.exists(target), "\(link.1)")
        }
    }

    @Test func `every folder of the code is in the list of rooms`() throws {
        let page = try Tree.text("docs/explanation/rooms.md")
        let listed = Set(page.matches(of: /(?m)^\| `(Sources\/[A-Za-z0-9\/]+)` \|/).map { String($0.1) })
        let there = Set(
            try Tree.paths(below: "Sources", ending: ".swift")
                .map { $0.split(separator: "/").dropLast().joined(separator: "/") }
                .filter { $0.split(separator: "/").count > 2 })
        #expect(listed == there)
    }
}
