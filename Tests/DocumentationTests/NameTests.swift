import Foundation
import Testing

/// Habits that a reader of the list of files relies on.
@Suite struct NameTests {
    /// Several at once, which each say what is wrong.
    private static let lists: Set = ["CELIssues", "ConfigurationProblems"]

    @Test func `what is thrown is called an error`() throws {
        for path in try Tree.paths(below: "Sources", ending: ".swift") {
            let declarations = try Tree.text(path).matches(
                of: /(?:struct|enum|class) (\w+)\s*:\s*(?:\w+,\s*)*Error\b/)
            for declaration in declarations where !Self.lists.contains(String(declaration.1)) {
                #expect(declaration.1.hasSuffix("Error"), "\(path)")
            }
        }
    }

    @Test func `a name means one thing in all libraries`() throws {
        var owners: [String: Set<String>] = [:]
        for path in try Tree.paths(below: "Sources", ending: ".swift") {
            let library = String(path.split(separator: "/")[1])
            let declarations = try Tree.text(path).matches(
                of: /(?m)^(?:public |package |final |indirect )*(?:struct|class|enum|protocol|actor) (\w+)/)
            for declaration in declarations { owners[String(declaration.1), default: []].insert(library) }
        }
        #expect(owners.filter { $0.value.count > 1 } == [:])
    }
}
