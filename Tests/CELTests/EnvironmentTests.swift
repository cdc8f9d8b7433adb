import CEL
import Testing

/// What a host declares and binds.
struct EnvironmentTests {
    private func evaluate(
        _ source: String, variables: [String: (CELType, Value)] = [:], functions: [FunctionDeclaration] = []
    ) throws -> Value {
        let environment = CELEnvironment(
            variables: variables.map { VariableDeclaration($0.key, $0.value.0) }, functions: functions)
        var activation = environment.activation()
        for (name, variable) in variables { activation[name] = variable.1 }
        return try environment.compile(source).evaluate(activation)
    }

    @Test(arguments: [
        ("tag == 'v1'", true), ("tag != null && !(tag in ['a', tag])", true), ("a.b ? tag == 'x' : a.b || true", true),
        ("tag.startsWith('v')", false), ("['a'][0] == tag", false), ("tag > 'a'", false), ("size(tag) == 1", false),
        ("['a'].exists(x, x == tag)", false), ("{'k': tag}.k == tag", false), ("has(map.tag)", false),
        ("map.tag == 'x'", false),
    ])
    func whatCannotFailIsKnownBeforeItRuns(source: String, isTotal: Bool) throws {
        let environment = CELEnvironment(variables: [
            VariableDeclaration("tag", .nullable(.string)), VariableDeclaration("a.b", .bool),
            VariableDeclaration("map", .map(.string, .string)),
        ])
        #expect(try CELCondition(source, in: environment).isTotal == isTotal)
    }

    @Test func aHostFunctionIsCalledWithItsArguments() throws {
        let repeated = FunctionDeclaration(
            "repeated",
            [
                FunctionOverload([.string, .int], returning: .string, isMember: true) {
                    (arguments, context) throws(CELError) in
                    guard case .string(let text) = arguments[0], case .int(let count) = arguments[1] else {
                        throw CELError(.host, "unreachable")
                    }
                    try context.charge(Int(count))
                    return .string(String(repeating: text, count: Int(count)))
                }
            ])
        #expect(try evaluate("'ab'.repeated(3)", functions: [repeated]) == "ababab")
    }

    @Test func typeParametersOfAHostFunctionReachItsResult() throws {
        let second = FunctionDeclaration(
            "second",
            [
                FunctionOverload([.list(.parameter("T"))], returning: .parameter("T")) { arguments, _ in
                    guard case .list(let elements) = arguments[0], elements.count > 1 else { return .null }
                    return elements[1]
                }
            ])
        let environment = CELEnvironment(functions: [second])
        #expect(try environment.compile("second([1, 2])").resultType == .int)
        #expect(throws: CELIssues.self) { try environment.compile("second([1, 2]) == 'a'") }
    }

    @Test(arguments: [("['a', 'b'].contains('b')", true), ("[1].contains(2)", false), ("'abc'.contains('b')", true)])
    func listsContainWhenTheHostAddsIt(source: String, expected: Bool) throws {
        #expect(try evaluate(source, functions: [.listContains]) == .bool(expected))
        let plain = CELEnvironment()
        #expect(throws: CELIssues.self) { try plain.compile("['a'].contains('b')") }
    }

    @Test(arguments: [
        ("ip('::ffff:c0a8:1') == ip('192.168.0.1')", true), ("ip('0:0:0:0:0:ffff:c0a8:1').family() == 4", true),
        ("cidr('192.168.0.0/24').containsIP(ip('::ffff:c0a8:1'))", true), ("isIP('::ffff:192.168.0.1')", false),
        ("string(ip('::FFFF:c0a8:0001')) == '192.168.0.1'", true), ("ip('::fffe:c0a8:1').family() == 6", true),
    ])
    func aMappedAddressInHexadecimalIsTheIPv4Address(source: String, expected: Bool) throws {
        #expect(try evaluate(source) == .bool(expected))
    }

    @Test func dottedVariablesAreSlotsAndHasTellsWhetherTheyAreBound() throws {
        let environment = CELEnvironment(variables: [
            VariableDeclaration("identity.username", .nullable(.string)), VariableDeclaration("request.tag", .string),
        ])
        var activation = environment.activation()
        let slot = try #require(environment.slot("identity.username"))
        activation[slot] = "alice"
        let program = try environment.compile("identity.username == 'alice' && !has(request.tag)", expecting: .bool)
        #expect(try program.evaluate(activation) == .bool(true))
        activation[slot] = .null
        #expect(try program.evaluate(activation) == .bool(false))
    }

    @Test func anUnboundVariableFailsAndCanBeAbsorbed() throws {
        let environment = CELEnvironment(variables: [VariableDeclaration("x", .bool)])
        let activation = environment.activation()
        let failing = try environment.compile("true &&\n x")
        do throws(CELError) {
            _ = try failing.evaluate(activation)
            Issue.record("evaluated")
        } catch {
            #expect(error.code == .unboundVariable)
            #expect(failing.position(of: error) == failing.position(of: error))
            #expect(failing.position(of: error)?.line == 2)
        }
        #expect(try environment.compile("x || true").evaluate(activation) == .bool(true))
    }

    @Test func anActivationOfAnotherEnvironmentIsRefused() throws {
        let program = try CELEnvironment().compile("1")
        #expect(throws: CELError.self) { try program.evaluate(CELEnvironment().activation()) }
    }

    @Test func stringsCompareByCodePointEverywhere() throws {
        let variables: [String: (CELType, Value)] = ["a": (.string, "caf\u{e9}"), "b": (.string, "cafe\u{301}")]
        #expect(try evaluate("a == b || a in [b] || a in {b: 1} || a.startsWith(b)", variables: variables) == false)
        #expect(try evaluate("a.size() == 4 && b.size() == 5", variables: variables) == true)
    }

    @Test(arguments: [
        ("cel.bind(x, 1 / 0, true || x == 1)", true),
        ("optional.of(1).orValue(1 / 0) == 1", true),
        ("[3, 1, 2].sort() == [1, 2, 3] && [1, 2, 2].distinct() == [1, 2]", true),
        ("[[1], [2, [3]]].flatten() == [1, 2, [3]]", true),
        ("['bb', 'a'].sortBy(s, s.size()) == ['a', 'bb']", true),
        ("[1, 2, 3].slice(1, 3) == [2, 3] && lists.range(2) == [0, 1]", true),
        ("[].first().hasValue() || [1].last().value() != 1", false),
        ("regex.replace('foo bar', '(fo)o (ba)r', r'\\2 \\1') == 'ba fo'", true),
        ("regex.extract('item-A, item-B', r'item-(\\w+)') == optional.of('A')", true),
        ("regex.extractAll('id:123, id:456', r'id:\\d+') == ['id:123', 'id:456']", true),
        ("regex.replace('banana', 'a', 'x', 2) == 'bxnxna'", true),
        ("regex.extractAll('', 'a*') == [''] && regex.replace('', '^', 'x') == 'x'", true),
        ("sets.contains([1, 2], [1]) && sets.equivalent([1], [1, 1]) && !sets.intersects([1], [2])", true),
        ("{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}", true),
        ("timestamp('2050-07-01T12:00:00Z').getHours('Europe/Paris') == 14", true),
        ("timestamp('2009-02-13T23:31:30Z').getHours('02:00') == 1", true),
        ("'hello'.replace('', '_') == '_h_e_l_l_o_' && 'abc'.split('') == ['a', 'b', 'c']", true),
        ("string(1e6) + string(0.00001) + string(123.5) == '1e+061e-05123.5'", true),
        ("cidr('10.0.0.0/8').containsIP('10.1.2.3') && !isIP('10.0.0') && isCIDR('::/0')", true),
        ("int(-9223372036854775807.0) == 1 || true", true),
        ("type(optional.none()) == optional_type && type(type(1)) == type", true),
        ("base64.decode(base64.encode(b'\\xff\\x00a')) == b'\\xff\\x00a'", true),
        ("duration('1h30m') == duration('5400s') && string(duration('-1.5s')) == '-1.5s'", true),
        ("'%s %d %.2f %x %e'.format([[1, 'a'], 7, 2.345, 255, 1.0]) == '[1, a] 7 2.35 ff 1.000000e+00'", true),
    ])
    func extensionsDoWhatTheirDocumentsSay(source: String, expected: Bool) throws {
        #expect(try evaluate(source) == .bool(expected))
    }
}
