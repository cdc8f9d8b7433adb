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
    func `what a page names, others can use`(library: String) throws {
        let page = try Tree.text("Sources/\(library)/\(library).docc/\(library).md")
        let sources = try Tree.paths(below: "Sources/\(library)", ending: ".swift").map(Tree.text).joined()
        let names = Set(page.matches(of: /``([A-Za-z0-9]+)(?:\/[A-Za-z0-9\/]+)?``/).map { String($0.1) })
            .subtracting([library])
        for name in names {
            let declaration = try Regex("public (?:final |indirect )*(?:struct|class|enum|protocol|actor) \(name)\\b")
            #expect(sources.contains(declaration), "\(name)")
        }
    }
}
