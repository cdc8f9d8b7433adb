import Testing
import Tokens

@Suite struct ScopeParserTests {
    @Test(
        arguments: [
            (["repository:library/debian:pull"], ["repository:library/debian:pull"]),
            (["repository:a:pull,push repository:b:pull"], ["repository:a:pull,push", "repository:b:pull"]),
            (["repository:a:pull", "repository:b:pull"], ["repository:a:pull", "repository:b:pull"]),
            // Duplicates merge, order is kept.
            (
                ["repository:b:push repository:a:pull", "repository:b:pull,push,pull"],
                ["repository:b:push,pull", "repository:a:pull"]
            ),
            (["registry:catalog:*"], ["registry:catalog:*"]),
            (["repository(plugin):a/b:pull"], ["repository:a/b:pull"]),
            (["repository:localhost:5000/a/b:pull,push"], ["repository:localhost:5000/a/b:pull,push"]),
            (["repository:a:pull,,frob,PUSH,pu-sh"], ["repository:a:pull,frob"]),
            ([" repository:a:pull  "], ["repository:a:pull"]),
        ] as [([String], [String])])
    func scopesAreRead(texts: [String], entries: [String]) {
        #expect(ScopeParser.parse(texts).map(\.description) == entries)
    }

    @Test(arguments: [
        "", " ", ":", "::", ":::", "repository", "repository:a", "repository:a:", "repository::pull", ":a:pull",
        "Repository:a:pull", "repo sitory:a", "repository():a:pull", "repository(:a:pull", "repository(x:a:pull",
        "repository:a:b:c:pull", "repository:\u{7F}:pull", "repository:\u{E4}:pull", "repository:a\n:pull",
        "repository:a:PULL", "repository:a:\(String(repeating: "x", count: 33))",
        "repository:\(String(repeating: "a", count: 257)):pull",
        "repository:a:\(String(repeating: "pull,", count: 200))",
    ])
    func whatIsMalformedAsksForNothing(text: String) {
        #expect(ScopeParser.parse([text]) == [])
    }

    @Test func theLongestNameIsTaken() {
        let name = String(repeating: "a", count: 256)
        #expect(ScopeParser.parse(["repository:\(name):pull"]).first?.name == name)
    }

    @Test func entriesBeyondTheBoundAreNotLookedAt() {
        let many = (0..<1000).map { "repository:a\($0):pull" }
        let last = "repository:a\(ScopeParser.maximumEntries - 1):pull"
        for texts in [many, [many.joined(separator: " ")]] {
            let parsed = ScopeParser.parse(texts)
            #expect(parsed.count == ScopeParser.maximumEntries)
            #expect(parsed.last?.description == last)
        }
    }
}
