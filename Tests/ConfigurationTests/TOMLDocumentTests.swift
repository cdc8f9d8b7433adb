import Foundation
import Testing

@testable import Configuration

@Suite struct TOMLDocumentTests {
    private static let text = #"""
        # comment with = and [brackets]
        top = 1

        [server]   # trailing
        port = 2
        "quoted key" = "a # b"
        dotted.inner = 'lit [x]'
        multi = """
        [not.a.header]
        not = "a key"
        ""\" quoted"""""
        after = 1979-05-27

        [[repository."docker.io".upstream]]
        url = "x"
        [repository."docker.io".upstream.sub]
        deep = true
        [[repository.'docker.io'.upstream]]
        url = "y"
        list = [
          1, # one ]
          { a = 1, "b.c" = 2.5 },
        ]
        inline = { x = 1, y = { z = "}" } }
        [ spaced . out ]
        k=1
        """#

    @Test(
        arguments: [
            ([.key("top")], 2), ([.key("server")], 4), ([.key("server"), .key("port")], 5),
            ([.key("server"), .key("quoted key")], 6), ([.key("server"), .key("dotted")], 7),
            ([.key("server"), .key("dotted"), .key("inner")], 7), ([.key("server"), .key("multi")], 8),
            ([.key("server"), .key("after")], 12),
            ([.key("repository"), .key("docker.io"), .key("upstream")], 14),
            ([.key("repository"), .key("docker.io"), .key("upstream"), .index(0), .key("url")], 15),
            ([.key("repository"), .key("docker.io"), .key("upstream"), .index(0), .key("sub"), .key("deep")], 17),
            ([.key("repository"), .key("docker.io"), .key("upstream"), .index(1)], 18),
            ([.key("repository"), .key("docker.io"), .key("upstream"), .index(1), .key("url")], 19),
            ([.key("repository"), .key("docker.io"), .key("upstream"), .index(1), .key("list"), .index(1)], 22),
            (
                [
                    .key("repository"), .key("docker.io"), .key("upstream"), .index(1), .key("list"), .index(1),
                    .key("b.c"),
                ],
                22
            ),
            (
                [
                    .key("repository"), .key("docker.io"), .key("upstream"), .index(1), .key("inline"), .key("y"),
                    .key("z"),
                ],
                24
            ), ([.key("spaced"), .key("out"), .key("k")], 26),
        ] as [([KeyStep], Int)])
    func `every key has its line`(path: [KeyStep], line: Int) throws {
        var node = try TOMLDocument.parse(TOMLDocumentTests.text, file: "f")
        for step in path {
            switch (step, node.content) {
            case (.key(let key), .table(let entries)): node = try #require(entries[key])
            case (.index(let index), .array(let elements)):
                node = try #require(elements.indices.contains(index) ? elements[index] : nil)
            default: Issue.record("no \(step) in \(node.kind)")
            }
        }
        #expect(node.origin == SettingNode.Origin(file: "f", line: line))
    }

    @Test(arguments: [
        ("a = ", 1), ("x = 1\n\na = \"open\n", 3), ("[a\n", 1), ("a = 1\na = 2\n", 2), ("a = [1,\n\n=", 3),
        ("= 1", 1), ("a", 1), ("\u{FEFF}a = 1\nb == 2", 2), ("a = '''x\n\n'' ]", 3), ("a = \"\"\"\\", 1),
    ])
    func `a syntax error has its line`(text: String, line: Int) throws {
        let error = #expect(throws: ConfigurationProblems.self) { try TOMLDocument.parse(text, file: "f.toml") }
        let problem = try #require(error?.problems.first)
        #expect(problem.line == line)
        #expect(problem.description.hasPrefix("f.toml:\(line): is not TOML: "))
    }

    @Test func `a byte order mark does not hide the first key's line`() throws {
        #expect(try TOMLDocument.parse("\u{FEFF}a = 1", file: "f").table?["a"]?.origin.line == 1)
    }

    @Test func `carriage returns do not disturb lines`() throws {
        let node = try TOMLDocument.parse("a = 1\r\n[t]\r\nb = 2\r\n", file: "f")
        #expect(node.table?["t"]?.table?["b"]?.origin.line == 3)
    }

    @Test(arguments: [
        Array(repeating: "a", count: 200_000).joined(separator: ".") + " = 1",
        "[" + Array(repeating: "a", count: 200_000).joined(separator: ".") + "]",
        "a = " + String(repeating: "[", count: 200_000),
        "a = " + String(repeating: "{ a = ", count: 100_000),
    ])
    func `depth is bounded before anything descends`(text: String) {
        let error = #expect(throws: ConfigurationProblems.self) { try TOMLDocument.parse(text, file: "f") }
        #expect(error?.problems.first?.message == "is nested deeper than 16 levels")
    }

    @Test(arguments: ["a = \"x\u{0}y\"", #"a = "x\u0000y""#, #""k\U00000000" = 1"#])
    func `a NUL is refused, for it would cut text short`(text: String) {
        let error = #expect(throws: ConfigurationProblems.self) { try TOMLDocument.parse(text, file: "f") }
        #expect(error?.problems.first?.message == "holds a NUL character")
    }

    @Test func `a password without quotes is not repeated`() {
        for text in ["password = trust", "password = falsehood", "password = infant", "password = hunter"] {
            let error = #expect(throws: ConfigurationProblems.self) { try TOMLDocument.parse(text, file: "f") }
            #expect(error?.description.contains("saw") == false)
        }
    }

    @Test(arguments: ["", "a.b", "plain", "with \"quotes\" and \\", "tab\tnewline\n", "\u{1}\u{7F}ü"])
    func `written strings and keys are read back`(text: String) throws {
        let node = try TOMLDocument.parse(
            "\(TOMLText.key(text)) = \(TOMLText.string(text))", file: "f")
        #expect(node.table?[text]?.content == .string(text))
    }

    /// Each ended a process once.
    @Test(arguments: ["toml-abort", "toml-abort-2"])
    func `a broken file is refused with its line`(name: String) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("BrokenFiles/\(name).toml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let error = #expect(throws: ConfigurationProblems.self) { try TOMLDocument.parse(text, file: "f") }
        #expect(error?.problems.first?.line != nil)
    }

    /// Tables can be opened once, whichever way.
    @Test(arguments: [
        ("[a]\n[a]", 2), ("[a.b]\n[a]\n[a.b]", 3), ("[a]\nb=1\n[a.b]", 3), ("a={}\n[a]", 2), ("a={b={}}\n[a.b]", 2),
        ("[a]\nb.c=1\n[a.b]", 3), ("[a.b.c]\n[a]\nb.c.d=1", 3), ("a=[{}]\n[[a]]", 2), ("[[a]]\n[a]", 2),
        ("[a]\n[[a]]", 2),
        ("a.b=1\na=1", 2), ("a=1\na.b=1", 2), ("a={b=1}\na.c=1", 2), ("a=[]\na.b=1", 2), ("[a]\n\"a\"=1\na=1", 3),
        ("a={b=1,b=2}", 1), ("a={b.c=1,b=2}", 1), ("a={b={},b.c=1}", 1), ("a={b=1,}", 1), ("a={\nb=1}", 1),
    ])
    func `what is defined twice, or closed, is refused`(text: String, line: Int) {
        let error = #expect(throws: ConfigurationProblems.self) { try TOMLDocument.parse(text, file: "f") }
        #expect(error?.problems.first?.line == line)
    }

    @Test(arguments: [
        "[a.b]\n[a]\n[a.c]", "[a]\nb.c=1\nb.d=2\n[a.b.e]", "a.b=1\na.c=2", "[[a]]\n[a.b]\n[[a]]\n[a.b]",
        "[a.b]\n[a]\nc=1",
        "[[a.b]]\n[[a.b.c]]\n[a.b.c.d]", "a={b.c=1,b.d=2}", "a=[\n1,# c\n2,\n]", "[ a . \"b\" ]", "1.2=3", "-=1",
        "\r\n\r\na=1\r\n", "a=\"\"\"\r\n\\\r\n  x\"\"\"", "", "#", "a=1#", "\u{FEFF}",
    ])
    func `what TOML allows is taken`(text: String) throws {
        _ = try TOMLDocument.parse(text, file: "f")
    }
}
