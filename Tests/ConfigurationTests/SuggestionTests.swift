import Testing

@testable import Configuration

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("port", "prot", 1), ("port", "ports", 1), ("port", "post", 1), ("PORT", "port", 0),
        ("bind-address", "bind_address", 0), ("kitten", "sitting", 3),
    ])
    func `distance counts edits and swaps`(left: String, right: String, distance: Int) {
        #expect(Suggestion.distance(left, right) == distance)
        #expect(Suggestion.distance(right, left) == distance)
    }

    @Test func `only what is close is suggested`() {
        let keys = ["port", "bind_address", "query_timeout", "query_timeout_grace_period"]
        #expect(Suggestion.closest(to: "prot", among: keys) == "port")
        #expect(Suggestion.closest(to: "query_timout", among: keys) == "query_timeout")
        #expect(Suggestion.closest(to: "bindaddress", among: keys) == "bind_address")
        #expect(Suggestion.closest(to: "colour", among: keys) == nil)
        #expect(Suggestion.closest(to: "user", among: ["username", "url", "password_file"]) == "username")
        #expect(Suggestion.closest(to: "pass", among: ["password_file", "password_env"]) == nil)
        #expect(Suggestion.closest(to: String(repeating: "x", count: 100_000), among: keys) == nil)
    }
}
