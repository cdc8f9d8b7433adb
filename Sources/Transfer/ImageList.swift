internal import OCI
package import Registry

/// Names of images in a text: one a line, or wherever YAML and JSON have a key `image` (Kubernetes manifests, rendered Helm
/// charts, compose files; also `sidecarImage` and the like), or the tables that `docker images`, `crictl images` and
/// `ctr images ls` print.
public struct ImageList: Sendable, Equatable {
    /// As they stand, each once, in their order.
    public let names: [String]

    public init(_ text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        var names: [String] = []
        let heads = lines.first?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        if heads.first == "REPOSITORY" || (heads.first == "IMAGE" && heads.dropFirst().first == "TAG") {
            for line in lines.dropFirst() {
                let words = line.split(whereSeparator: \.isWhitespace)
                if words.count > 2, words[0] != "<none>", words[1] != "<none>" {
                    names.append("\(words[0]):\(words[1])")
                }
            }
        } else if heads.first == "REF", heads.contains("DIGEST") {
            names = lines.dropFirst().compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
        } else {
            let keyed = lines.flatMap { Self.values($0) }
            // A plain list has no such key.
            names = keyed.isEmpty ? lines.compactMap { Self.plain($0) } : keyed
        }
        var seen: Set<String> = []
        self.names = names.filter { seen.insert($0).inserted }
    }

    private static func plain(_ line: Substring) -> String? {
        let word = line.prefix { $0 != "#" }.drop { $0.isWhitespace || $0 == "-" }.prefix { !$0.isWhitespace }
        let text = word.trimmed { $0 == "\"" || $0 == "'" }
        // What only divides documents, or belongs to a table.
        return text.isEmpty || text.hasSuffix(":") ? nil : String(text)
    }

    /// What stands behind keys that end with `image`, in a line of YAML or of JSON.
    private static func values(_ line: Substring) -> [String] {
        var found: [String] = []
        var rest = line
        guard !rest.drop(while: { $0.isWhitespace }).hasPrefix("#") else { return [] }
        while let colon = rest.firstIndex(of: ":") {
            var key = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
            while let last = key.last, last.isWhitespace || last == "\"" || last == "'" { key.removeLast() }
            guard key.hasSuffix("image") || key.hasSuffix("Image"),
                rest.first.map({ $0.isWhitespace || $0 == "\"" }) ?? false
            else { continue }
            let value = rest.drop { $0.isWhitespace }
            let quote = value.first.flatMap { $0 == "\"" || $0 == "'" ? $0 : nil }
            let text =
                quote.map { quote in value.dropFirst().prefix { $0 != quote } }
                ?? value.prefix { !$0.isWhitespace && $0 != "," && $0 != "}" && $0 != "#" }
            // `image:` with a table below, a template or a number is no name.
            if !text.isEmpty, text.first != "{", text.first != "$", text.first != "[" { found.append(String(text)) }
        }
        return found
    }
}

extension Substring {
    fileprivate func trimmed(_ isNoise: (Character) -> Bool) -> Substring {
        var text = drop(while: isNoise)
        while let last = text.last, isNoise(last) { text.removeLast() }
        return text
    }
}

extension Namespaces {
    /// What a name in a list means: a repository of this registry if one of its namespaces begins it, else what Docker means
    /// by it.
    package func pattern(named text: String) -> ImagePattern? {
        if let own = ImagePattern(text), let repository = try? repository(own.repository),
            own.repository.hasPrefix(repository.namespace.key)
        {
            return own
        }
        if text.contains("*") {
            guard let colon = text.lastIndex(of: ":"), let name = ImageName(docker: text[..<colon]) else { return nil }
            return ImagePattern("\(name.repository):\(text[text.index(after: colon)...])")
        }
        return ImageName(docker: text).map { .one($0) }
    }
}

extension ImagePattern {
    var repository: RepositoryName {
        switch self {
        case .one(let name): name.repository
        case .tags(let name, _), .below(let name): name
        }
    }
}
