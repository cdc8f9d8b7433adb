import Foundation
import Testing

/// Tables that say which test shows what they tell.
@Suite struct ShownByTests {
    private static let heading = "| shown by |"

    /// The last cells of all rows below a heading that promises tests.
    private static func cells(of page: String) throws -> [String] {
        var cells: [String] = []
        var isBelow = false
        for line in try Tree.text(page).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasSuffix(heading) {
                isBelow = true
            } else if !line.hasPrefix("|") {
                isBelow = false
            } else if isBelow, !line.hasPrefix("|---") {
                cells.append(line.split(separator: "|").last.map(String.init) ?? "")
            }
        }
        return cells
    }

    @Test func `what happens when Redis, a bucket or a server fails is told with tests`() throws {
        #expect(try Self.cells(of: "docs/explanation/replicas.md").count > 10)
    }

    @Test(arguments: try Tree.pages().filter { try Tree.text($0).contains(heading) })
    func `every row names tests that are there, with cases that they have`(page: String) throws {
        let files = try Tree.paths(below: "Tests", ending: ".swift").map { try Tree.text($0) }
        for cell in try Self.cells(of: page) {
            let named = try Tree.matches(of: #"`(\w+)(?:\((\w+)\))?`"#, in: cell)
            #expect(!named.isEmpty, "\(cell)")
            for name in named {
                let file = files.first { $0.contains("func \(name[1])(") }
                #expect(file != nil, "\(name[1])")
                guard !name[2].isEmpty, let file else { continue }
                let pattern = #"case [\w, ]*\b\#(name[2])\b"#
                #expect(try !Tree.matches(of: pattern, in: file).isEmpty, "\(name[0])")
            }
        }
    }
}
