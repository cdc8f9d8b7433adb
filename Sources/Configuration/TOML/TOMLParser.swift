/// Reads TOML 1.0. Total: any bytes give a document or one error with its place; depth is bounded, so that nothing can
/// exhaust the stack, and time is linear in the text.
///
/// Dates and times are checked and then only known to be such, as no key of ours is one.
struct TOMLParser {
    let text: [UInt8]
    let file: String
    /// Tables and arrays within each other.
    let maximumDepth: Int
    var position = 0
    var line = 1
    var lineStart = 0

    /// - Parameter file: for the origins of what is read.
    static func parse(
        _ text: some Sequence<UInt8>, file: String, maximumDepth: Int
    ) throws(TOMLSyntaxError) -> SettingNode {
        var parser = TOMLParser(text: Array(text), file: file, maximumDepth: maximumDepth)
        return try parser.document()
    }

    private init(text: [UInt8], file: String, maximumDepth: Int) {
        self.text = text
        self.file = file
        self.maximumDepth = maximumDepth
    }

    private mutating func document() throws(TOMLSyntaxError) -> SettingNode {
        guard String(validating: text, as: UTF8.self) != nil else { throw failure("it is not UTF-8") }
        if text.starts(with: [0xEF, 0xBB, 0xBF]) {
            position = 3
            lineStart = 3
        }
        let root = TOMLTable(.header, line: line)
        var table = (root, depth: 0)
        while true {
            try skipBlankLines()
            guard let byte = next else { return root.node(file: file) }
            if byte == UInt8(ascii: "[") {
                table = try header(in: root)
            } else {
                try assignment(in: table.0, depth: table.depth)
            }
            try endOfLine()
        }
    }

    // MARK: headers

    private mutating func header(in root: TOMLTable) throws(TOMLSyntaxError) -> (TOMLTable, depth: Int) {
        let line = line
        position += 1
        let isArray = accept("[")
        let (keys, place) = try dottedKey()
        if isArray {
            try expect("]]", "a header of an array ends with ]]")
        } else {
            try expect("]", "a header ends with ]")
        }
        var table = root
        var depth = keys.count
        for key in keys.dropLast() {
            switch table.entries[key] {
            case nil:
                let created = TOMLTable(.implicit, line: line)
                table.entries[key] = .table(created)
                table = created
            case .table(let existing) where existing.definition != .inline: table = existing
            case .tables(let tables):
                guard let last = tables.elements.last else { throw failure("a table has no place here", at: place) }
                table = last
                depth += 1
            default: throw failure("a header leads through what is no table, or is closed", at: place)
            }
        }
        guard let name = keys.last else { throw failure("a header has no name", at: place) }
        if isArray { depth += 1 }
        try checkDepth(depth)
        return (
            isArray
                ? try element(of: name, in: table, line, place) : try definition(of: name, in: table, line, place),
            depth
        )
    }

    private func definition(
        of name: String, in table: TOMLTable, _ line: Int, _ place: Int
    ) throws(TOMLSyntaxError) -> TOMLTable {
        switch table.entries[name] {
        case nil:
            let created = TOMLTable(.header, line: line)
            table.entries[name] = .table(created)
            return created
        case .table(let existing) where existing.definition == .implicit:
            existing.definition = .header
            return existing
        default: throw failure("a table is defined twice, or is a value already", at: place)
        }
    }

    private func element(
        of name: String, in table: TOMLTable, _ line: Int, _ place: Int
    ) throws(TOMLSyntaxError) -> TOMLTable {
        let tables: TOMLTables
        switch table.entries[name] {
        case nil:
            tables = TOMLTables(line: line)
            table.entries[name] = .tables(tables)
        case .tables(let existing): tables = existing
        default: throw failure("an array of tables is a table or a value already", at: place)
        }
        let element = TOMLTable(.header, line: line)
        tables.elements.append(element)
        return element
    }

    // MARK: keys and values

    /// - Parameter depth: Of the table.
    mutating func assignment(in table: TOMLTable, depth: Int) throws(TOMLSyntaxError) {
        let line = line
        let (keys, place) = try dottedKey()
        try checkDepth(depth + keys.count)
        try expect("=", "a key is followed by =")
        skipBlanks()
        var table = table
        for key in keys.dropLast() {
            switch table.entries[key] {
            case nil:
                let created = TOMLTable(.dotted, line: line)
                table.entries[key] = .table(created)
                table = created
            case .table(let existing) where existing.definition == .dotted || existing.definition == .implicit:
                existing.definition = .dotted
                table = existing
            default: throw failure("a dotted key leads into what stands elsewhere already", at: place)
            }
        }
        guard let name = keys.last else { throw failure("a key is missing", at: place) }
        guard table.entries[name] == nil else { throw failure("a key stands twice", at: place) }
        table.entries[name] = try value(line: line, depth: depth + keys.count)
    }

    /// `a."b c".'d'`, with what may stand around its dots.
    private mutating func dottedKey() throws(TOMLSyntaxError) -> (keys: [String], place: Int) {
        skipBlanks()
        let place = position
        var keys: [String] = []
        while true {
            skipBlanks()
            switch next {
            case UInt8(ascii: "\""): keys.append(try basicString())
            case UInt8(ascii: "'"): keys.append(try literalString())
            default: keys.append(try bareKey())
            }
            // Longer than any that is allowed: no need to read on.
            try checkDepth(keys.count)
            skipBlanks()
            guard accept(".") else { return (keys, place) }
        }
    }

    private mutating func bareKey() throws(TOMLSyntaxError) -> String {
        let start = position
        while let byte = next, Self.isBare(byte) { position += 1 }
        guard position > start else { throw failure("a key is expected") }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// - Parameters:
    ///   - line: Where its key stands.
    ///   - depth: Of the value.
    private mutating func value(line: Int, depth: Int) throws(TOMLSyntaxError) -> TOMLTable.Entry {
        if next == UInt8(ascii: "{") { return .table(try inlineTable(depth: depth)) }
        return .value(try node(line: line, depth: depth))
    }

    private mutating func node(line: Int, depth: Int) throws(TOMLSyntaxError) -> SettingNode {
        let content: SettingNode.Content
        switch next {
        case UInt8(ascii: "\""): content = .string(isNext("\"\"\"") ? try multilineBasicString() : try basicString())
        case UInt8(ascii: "'"): content = .string(isNext("'''") ? try multilineLiteralString() : try literalString())
        case UInt8(ascii: "["): content = .array(try array(depth: depth))
        case UInt8(ascii: "{"): return try inlineTable(depth: depth).node(file: file)
        case nil: throw failure("a value is expected")
        default: content = try scalar()
        }
        return SettingNode(content: content, origin: SettingNode.Origin(file: file, line: line))
    }

    private mutating func array(depth: Int) throws(TOMLSyntaxError) -> [SettingNode] {
        try checkDepth(depth + 1)
        position += 1
        var elements: [SettingNode] = []
        while true {
            try skipBlankLines()
            if accept("]") { return elements }
            elements.append(try node(line: line, depth: depth + 1))
            try skipBlankLines()
            if accept("]") { return elements }
            try expect(",", "elements of an array are separated by commas")
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLSyntaxError) -> TOMLTable {
        try checkDepth(depth + 1)
        let table = TOMLTable(.dotted, line: line)
        position += 1
        skipBlanks()
        if !accept("}") {
            while true {
                try assignment(in: table, depth: depth)
                skipBlanks()
                if accept("}") { break }
                try expect(",", "entries of an inline table are separated by commas, on one line")
            }
        }
        table.close()
        return table
    }

    private func checkDepth(_ depth: Int) throws(TOMLSyntaxError) {
        guard depth <= maximumDepth else { throw error(.tooDeep, at: position) }
    }
}
