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
}
