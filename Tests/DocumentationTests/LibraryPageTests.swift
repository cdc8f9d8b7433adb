import Foundation
import Testing

/// What a newcomer learns of a library first.
@Suite struct LibraryPageTests {
    @Test func `there are libraries`() throws {
        #expect(try Tree.libraries().count > 20)
    }

    @Test(arguments: try Tree.libraries())
    func `a library has a page with an overview, an example and what is in it`(library: String) throws {
        let page = try Tree.text("Sources/\(library)/\(library).docc/\(library).md")
        #expect(page.hasPrefix("# ``\(library)``\n\n"))
        #expect(page.contains("\n```swift\n"))
        #expect(page.contains("\n## Topics\n"))
    }

    @Test(arguments: try Tree.libraries())
    func `a library stands among the targets of the architecture`(library: String) throws {
        let rows = try Tree.matches(of: #"(?m)^\| `[^|]*\|"#, in: Tree.text("docs/architecture.md"))
        #expect(rows.contains { $0[0].contains("`\(library)`") })
    }

    @Test(arguments: try Tree.libraries())
    func `what a page names, others can use`(library: String) throws {
        let page = try Tree.text("Sources/\(library)/\(library).docc/\(library).md")
        let names = Set(try Tree.matches(of: "``([A-Za-z0-9]+)(?:/[A-Za-z0-9/]+)?``", in: page).map { $0[1] })
            .subtracting([library])
        let usable = try Tree.declarations.get()
            .filter { $0.library == library && $0.modifiers.contains("public") }.map(\.name)
        #expect(names.subtracting(usable) == [])
    }
}
