/// Where and why a text is not TOML. Says nothing of what stands there: it may be a password without quotes.
struct TOMLSyntaxError: Error, Equatable {
    enum Problem: Equatable {
        case syntax(String)
        case tooDeep
    }

    let problem: Problem
    /// From 1.
    let line: Int
    /// From 1, in characters.
    let column: Int
}
