/// The `Link` header (RFC 8288), of which lists use one relation: the next page.
enum LinkHeader {
    /// The target of the first link with `rel=next`.
    static func next(in values: [String]) -> String? {
        for value in values where value.utf8.count <= 8 << 10 {
            var rest = value[...]
            while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
                let target = rest[rest.index(after: open)..<close]
                rest = rest[rest.index(after: close)...]
                let parameters = rest.prefix { $0 != "<" }.split { $0 == ";" || $0 == "," }
                let isNext = parameters.contains { parameter in
                    let word = parameter.lowercased().filter { $0 != " " && $0 != "\"" && $0 != "\t" }
                    return word == "rel=next"
                }
                if isNext { return String(target) }
            }
        }
        return nil
    }
}
