import Foundation
import Testing

/// Habits that a reader of the list of files relies on.
@Suite struct NameTests {
    /// Several at once, which each say what is wrong.
    private static let lists: Set = ["CELIssues", "ConfigurationProblems"]

    @Test func `what is thrown is called an error`() throws {
        let errors = try Tree.declarations.get().filter { declaration in
            try !Tree.matches(of: #"^\s*:\s*(?:[\w.]+,\s*)*Error\b"#, in: declaration.rest).isEmpty
        }
        #expect(errors.count > 20)
        for error in errors where !Self.lists.contains(error.name) {
            #expect(error.name.hasSuffix("Error"), "\(error.path)")
        }
    }

    @Test func `a name means one thing in all libraries`() throws {
        var owners: [String: Set<String>] = [:]
        for declaration in try Tree.declarations.get()
        where !declaration.isNested && !declaration.modifiers.contains("private") {
            owners[declaration.name, default: []].insert(declaration.library)
        }
        #expect(owners.count > 200)
        #expect(owners.filter { $0.value.count > 1 } == [:])
    }

    /// A size there is a number of Foundation's where all of Foundation is linked, as in tests, and a `UInt` where it is not, as in
    /// what is released: `as? Int` works in the one and never in the other.
    @Test func `sizes of files are asked of the system and not of attributes`() throws {
        for file in try Tree.paths(below: "Sources", ending: ".swift") {
            #expect(try !Tree.text(file).contains("attributesOfItem"), "\(file)")
        }
    }

    /// Who groups services asks each what to call it, and the answer of a value that does not say is all that it holds,
    /// secrets too: half of a start's time, and nothing for a log.
    @Test func `services are run under the name of their type`() throws {
        let groups = try Tree.paths(below: "Sources", ending: ".swift").filter {
            try !Tree.matches(of: #"ServiceGroup\w*\(\s*services:"#, in: Tree.text($0)).isEmpty
        }
        #expect(groups.count > 1)
        for file in groups {
            #expect(try Tree.text(file).contains("NamedService(service:"), "\(file)")
        }
    }
}
