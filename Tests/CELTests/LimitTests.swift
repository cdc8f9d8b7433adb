import CEL
import Testing

/// Evaluations that try to cost more than they may.
struct LimitTests {
    private static let environment = CELEnvironment(variables: [
        VariableDeclaration("s", .string), VariableDeclaration("list", .list(.int)),
    ])

    private func error(_ source: String, limits: Limits = Limits()) throws -> CELError? {
        let environment = CELEnvironment(
            variables: [VariableDeclaration("s", .string), VariableDeclaration("list", .list(.int))], limits: limits)
        let program = try environment.compile(source)
        var activation = environment.activation()
        activation["s"] = .string(String(repeating: "a", count: 10_000))
        activation["list"] = .list((0..<1000).map { .int($0) })
        do throws(CELError) {
            _ = try program.evaluate(activation)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "list.all(a, list.all(b, list.all(c, a + b + c >= 0)))",
        "list.map(a, list.map(b, list))[0].size() > 1 && list.all(a, list.exists(b, list == [1]) || true)",
        "lists.range(1000000000).size() == 0",
        "s.replace('', s).size() == 0",
        "list.map(a, s + s).size() == 0",
        "list.exists(a, list.exists(b, b in list && false))",
        "list.all(a, list.all(b, s == s + ''))",
        "list.map(a, s.matches('(a*)*b' + string(a))).size() == 0",
        "list.all(a, list.all(b, !s.contains(s + 'b')))",
        "list.map(x, list).flatten().distinct().size() == 0",
    ])
    func costIsBounded(source: String) throws {
        #expect(try error(source)?.code == .costLimitExceeded)
    }

    @Test func doublingAStringByBindingsIsBounded() throws {
        var source = "x39.size()"
        for index in (0..<40).reversed() {
            source = "cel.bind(x\(index), \(index == 0 ? "s" : "x\(index - 1) + x\(index - 1)"), \(source))"
        }
        #expect(try error(source)?.code == .costLimitExceeded)
    }

    @Test(arguments: [
        "list.all(a, list.all(b, list.all(c, true))) || true",
        "list.exists(z, list.all(a, list.all(b, list.all(c, true))))",
    ])
    func theCostLimitIsNotAbsorbed(source: String) throws {
        #expect(try error(source)?.code == .costLimitExceeded)
    }

    @Test func ordinaryWorkIsFarBelowTheLimit() throws {
        #expect(
            try error("list.filter(a, a % 2 == 0).map(a, string(a)).join(',').size() > 0", limits: Limits(cost: 10_000))
                == nil)
    }

    @Test func anOverlongPatternIsRefused() throws {
        #expect(try error("s.matches('a' + s)")?.code == .invalidArgument)
        #expect(throws: CELIssues.self) {
            try Self.environment.compile("s.matches('\(String(repeating: "a", count: 2000))')")
        }
    }

    @Test func aPatternThatExplodesIsRefused() throws {
        #expect(throws: CELIssues.self) { try Self.environment.compile("s.matches('((a{100}){100}){100}')") }
    }

    @Test func formattingHasABoundedPrecision() throws {
        #expect(try error("'%.999999999f'.format([1.0]) == ''")?.code == .invalidArgument)
    }
}
