/// A lexical element and where it starts in the source.
struct Token {
    enum Kind: Equatable {
        case end
        /// Digits without their sign, so that the parser can accept the most negative integer.
        case int(magnitude: UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        case identifier(String)
        /// A field selector in backticks.
        case quotedIdentifier(String)
        case `true`, `false`, null, `in`
        case symbol(Symbol)
    }

    enum Symbol: String {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case and = "&&"
        case or = "||"
        case less = "<"
        case greater = ">"
        case leftBracket = "["
        case rightBracket = "]"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case dot = "."
        case comma = ","
        case minus = "-"
        case not = "!"
        case question = "?"
        case colon = ":"
        case plus = "+"
        case star = "*"
        case slash = "/"
        case percent = "%"
    }

    let kind: Kind
    let offset: Int

    var description: String {
        switch kind {
        case .end: "end of expression"
        case .int, .uint, .double: "number"
        case .string: "string"
        case .bytes: "bytes"
        case .identifier(let name), .quotedIdentifier(let name): "'\(name)'"
        case .true: "'true'"
        case .false: "'false'"
        case .null: "'null'"
        case .in: "'in'"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        }
    }
}
