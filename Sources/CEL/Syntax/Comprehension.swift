/// A macro that runs over the elements of a list or the entries of a map.
struct Comprehension: Sendable {
    enum Kind {
        case all
        case exists
        case existsOne
        /// `map`, `filter` and `transformList`.
        case list
        /// `transformMap`: the range's key, the body's value.
        case map
        /// `transformMapEntry`: the body is a map literal.
        case mapEntries
        /// `sortBy`: the body is the key to sort by.
        case sorted
    }

    enum Variables {
        /// The element of a list, or the key of a map.
        case one(String)
        /// Index and element of a list, or key and value of a map.
        case two(String, String)
    }

    let kind: Kind
    let range: Expression
    let variables: Variables
    let filter: Expression?
    let body: Expression

    var children: [Expression] { [range, body] + (filter.map { [$0] } ?? []) }
}
