import CEL
import Testing

/// What a source is refused for, and where the finger points.
struct IssueTests {
    private static let environment = CELEnvironment(variables: [
        VariableDeclaration("x", .int), VariableDeclaration("name", .string),
        VariableDeclaration("list", .list(.string)),
        VariableDeclaration("user.id", .string), VariableDeclaration("user.address.city", .string),
    ])

    private func issues(_ source: String, expecting type: CELType? = nil) -> [CELIssue] {
        do throws(CELIssues) {
            _ = try Self.environment.compile(source, expecting: type)
            return []
        } catch {
            return error.issues
        }
    }

    @Test(arguments: [
        ("x +", 1, 4), ("x + 'a'", 1, 3), ("y == 1", 1, 1), ("x ==\n  'a'", 1, 3), ("name.foo()", 1, 5),
        ("x &&\n   true", 1, 1), ("'é' + 1", 1, 5), ("\n\n  frob(1)", 3, 3), ("has(x)", 1, 5), ("for", 1, 1),
        ("'abc", 1, 1), ("'\\q'", 1, 2), ("name.matches('(')", 1, 14), ("9223372036854775808", 1, 1),
        ("list.map(1, 2)", 1, 10), ("Name{a: 1}", 1, 1), ("{1.5: 2}", 1, 2), ("x.y", 1, 2), ("[1][name]", 1, 4),
    ])
    func theIssueIsReportedAtItsPlace(source: String, line: Int, column: Int) throws {
        let issue = try #require(issues(source).first)
        #expect(issue.position.line == line)
        #expect(issue.position.column == column)
    }

    @Test func theSnippetPutsACaretUnderTheColumn() throws {
        let issue = try #require(issues("name == 'é' && frob(x)").first)
        #expect(issue.snippet == "name == 'é' && frob(x)\n               ^")
        #expect(issue.message == "undeclared reference to function 'frob'")
    }

    @Test(arguments: [
        ("user.nam == 'x'", "'user' has no 'nam'; it has address, id"),
        ("user.address.street == 'x'", "'user.address' has no 'street'; it has city"),
        ("user.nam.first == 'x'", "'user' has no 'nam'; it has address, id"),
        ("usr.id == 'x'", "undeclared reference to 'usr'"),
    ])
    func aFieldThatIsNotThereIsNamed(source: String, message: String) {
        #expect(issues(source).map(\.message) == [message])
    }

    @Test func allTypeIssuesAreReportedTogether() {
        #expect(issues("(x == 'a') || (name == 1) || nothing").count == 3)
    }

    @Test func theResultMustBeOfTheExpectedType() {
        #expect(issues("x + 1", expecting: .bool).map(\.message) == ["the expression is int, not bool"])
        #expect(issues("x == 1", expecting: .bool).isEmpty)
        #expect(issues("dyn(x)", expecting: .bool).isEmpty)
    }

    @Test(arguments: [
        "(", "[", "{", "!", "-", "x?x:", "f(", "[[", "{1:", "x.all(", "-(", "!(", "[?", "x[", "x||", "a.b(",
    ])
    func deepNestingIsRefusedAndNotAStackOverflow(part: String) async {
        let source = String(repeating: part, count: 4000)
        // On a task's stack, which is the smallest that the server evaluates on.
        let count = await Task { issues(source).count }.value
        #expect(count == 1)
    }

    @Test(arguments: ["1+", "1 - ", "1 * ", "x < "])
    func longChainsThatLeanLeftAreRefused(part: String) {
        let source = String(repeating: part, count: 5000) + "1"
        #expect(issues(source).first?.message == "the expression nests deeper than 100 levels")
    }

    @Test func longChainsOfLogicalOperatorsAreFine() {
        #expect(issues(String(repeating: "x == 1 || ", count: 2000) + "false").isEmpty)
    }

    @Test func theDeepestAcceptedExpressionEvaluatesOnATask() async throws {
        let source = String(repeating: "[", count: 98) + "1" + String(repeating: "]", count: 98)
        let program = try Self.environment.compile(source + " == []")
        let result = try await Task { try program.evaluate(Self.environment.activation()) }.value
        #expect(result == .bool(false))
        let sum = try Self.environment.compile(String(repeating: "x + ", count: 98) + "x")
        var activation = Self.environment.activation()
        activation["x"] = 1
        let bound = activation
        #expect(try await Task { try sum.evaluate(bound) }.value == .int(99))
    }

    @Test(arguments: [
        ("[1].map(v, ", "1", ")", 45), ("[1].all(v, ", "true", ")", 45), ("(true ? ", "1", " : 2)", 90),
        ("int(", "1", ")", 95), ("cel.bind(v, 1, ", "1", ")", 90), ("[", "1", "][0]", 45), ("-(", "1", ")", 90),
        ("{1: ", "1", "}", 95), ("!(", "true", ")", 95), ("(1 + ", "1", ")", 95),
        ("optional.of(1).optMap(v, ", "1", ")", 90),
    ])
    func nestingNearTheLimitEvaluatesOnATask(open: String, core: String, close: String, count: Int) async throws {
        let source = String(repeating: open, count: count) + core + String(repeating: close, count: count)
        let program = try Self.environment.compile(source)
        let error = await Task { () -> CELError? in
            do throws(CELError) {
                _ = try program.evaluate(Self.environment.activation())
                return nil
            } catch { return error }
        }.value
        #expect(error == nil)
    }

    @Test func thousandsOfComparisonsAreChecked() {
        #expect(issues(String(repeating: "1==1||", count: 10_000) + "false").isEmpty)
    }

    @Test func anOverlongSourceIsRefused() {
        #expect(issues(String(repeating: " ", count: 70_000) + "1").count == 1)
    }
}
