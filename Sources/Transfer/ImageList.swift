internal import OCI
package import Registry

/// Names of images in a text: one a line, or wherever YAML and JSON have a key `image` (Kubernetes manifests, rendered Helm
/// charts, compose files; also `sidecarImage` and the like, and in YAML `image` with `registry`, `repository`, `tag` and `digest`
/// below it), or the tables that `docker images`, `crictl images` and `ctr images ls` print.
public struct ImageList: Sendable, Equatable {
    /// As they stand, each once, in their order.
    public let names: [String]

    /// - Parameter keys: Behind which names stand as well; `*` in them stands for anything.
    public init(_ text: String, keys: [String] = []) {
        var lines = text.split(whereSeparator: \.isNewline)
        // As editors of Windows begin a file.
        if let first = lines.first, first.unicodeScalars.first == "\u{FEFF}" {
            lines[0] = Substring(first.unicodeScalars.dropFirst())
        }
        var names: [String] = []
        // What Docker 29 explains its table with, on a terminal.
        if let first = lines.first, first.contains("Info →") { lines.removeFirst() }
        let heads = lines.first?.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
        if heads.first == "REPOSITORY" || (heads.first == "IMAGE" && heads.dropFirst().first == "TAG") {
            for line in lines.dropFirst() {
                let words = line.split(whereSeparator: \.isWhitespace)
                if words.count > 2, words[0] != "<none>", words[1] != "<none>" {
                    names.append("\(words[0]):\(words[1])")
                }
            }
        } else if (heads.first == "IMAGE" && heads.dropFirst().first == "ID")
            || (heads.first == "REF" && heads.contains("DIGEST"))
        {
            names = lines.dropFirst().compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
                .filter { !Self.isNameless($0) }
        } else {
            let keyed = Self.keyed(lines, keys)
            // A plain list has no such key.
            names = keyed.isEmpty ? lines.compactMap { Self.plain($0) } : keyed
        }
        var seen: Set<String> = []
        self.names = names.filter { seen.insert($0).inserted }
    }

    /// Whether a table has something else where names are: `<untagged>`, a branch below an index, or the digest by which the
    /// container runtime of Kubernetes keeps each image once more.
    private static func isNameless(_ word: String) -> Bool {
        word.hasPrefix("<") || word.hasPrefix("├") || word.hasPrefix("└") || word.hasPrefix("sha256:")
    }

    private static func plain(_ line: Substring) -> String? {
        let word = line.prefix { $0 != "#" }.drop { $0.isWhitespace || $0 == "-" }.prefix { !$0.isWhitespace }
        let text = word.trimmed { $0 == "\"" || $0 == "'" }
        // What only divides documents, or belongs to a table.
        return text.isEmpty || text.hasSuffix(":") ? nil : String(text)
    }

    private static func keyed(_ lines: [Substring], _ keys: [String]) -> [String] {
        var names: [String] = []
        var parts: ImageParts?
        for line in lines where !line.drop(while: { $0.isWhitespace }).hasPrefix("#") {
            if !(parts?.take(line) ?? false) {
                if let name = parts?.name { names.append(name) }
                parts = ImageParts(below: line)
            }
            names += values(line, keys)
        }
        if let name = parts?.name { names.append(name) }
        return names
    }

    /// What stands behind keys that end with `image`, in a line of YAML or of JSON.
    private static func values(_ line: Substring, _ keys: [String]) -> [String] {
        var found: [String] = []
        var rest = line
        while let colon = rest.firstIndex(of: ":") {
            var key = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
            while let last = key.last, last.isWhitespace || last == "\"" || last == "'" { key.removeLast() }
            guard isMeant(key, keys), rest.first.map({ $0.isWhitespace || $0 == "\"" }) ?? false
            else { continue }
            let value = rest.bareValue
            let quote = value.first.flatMap { $0 == "\"" || $0 == "'" ? $0 : nil }
            let text =
                quote.map { quote in value.dropFirst().prefix { $0 != quote } }
                ?? value.prefix { !$0.isWhitespace && $0 != "," && $0 != "}" && $0 != "#" }
            // `image:` with a table below, a template, a reference to another place or a value of another kind is no name.
            guard let first = text.first, !"{$[*".contains(first), !notNames.contains(text.lowercased()) else {
                continue
            }
            found.append(String(text))
        }
        return found
    }
}

extension ImageList {
    private static let notNames: Set<String> = ["true", "false", "null", "~", "yes", "no", "on", "off"]

    private static func isMeant(_ key: Substring, _ keys: [String]) -> Bool {
        if key.hasSuffix("image") || key.hasSuffix("Image") { return true }
        guard !keys.isEmpty, let word = key.split(whereSeparator: { $0.isWhitespace || "\"'{,[".contains($0) }).last
        else { return false }
        return keys.contains { ImagePattern.matches(word, $0) }
    }
}

/// A name that YAML has in parts, below a key that ends with `image`.
private struct ImageParts {
    private let indentation: Int
    private var values: [Substring: Substring] = [:]

    /// Nil unless the line is such a key and nothing more.
    init?(below line: Substring) {
        let key = line.prefix { $0 != "&" }.trimmed { $0.isWhitespace }
        guard key.hasSuffix("image:") || key.hasSuffix("Image:") else { return nil }
        indentation = Self.indentation(line)
    }

    /// Where the key begins; a dash before it is not of it.
    private static func indentation(_ line: Substring) -> Int {
        line.prefix { $0.isWhitespace || $0 == "-" }.count
    }

    /// False for what is not below the key any more.
    mutating func take(_ line: Substring) -> Bool {
        guard Self.indentation(line) > indentation, let colon = line.firstIndex(of: ":") else { return false }
        let value = line[line.index(after: colon)...].bareValue
        let text = value.prefix { !$0.isWhitespace && $0 != "#" }.trimmed { $0 == "\"" || $0 == "'" }
        values[line[..<colon].trimmed { $0.isWhitespace }] = text
        return true
    }

    /// Nil unless it is told which repository and which of its images.
    var name: String? {
        guard let repository = values["repository"], !repository.isEmpty, !repository.contains("{") else { return nil }
        let registry = values["registry"].map { $0.isEmpty ? "" : $0 + "/" } ?? ""
        let tag = values["tag"].map { $0.isEmpty ? "" : ":" + $0 } ?? ""
        let digest = values["digest"].map { $0.isEmpty ? "" : "@" + $0 } ?? ""
        let isWritten = (tag + digest).allSatisfy { $0 != "{" && $0 != "$" }
        return tag.isEmpty && digest.isEmpty || !isWritten ? nil : "\(registry)\(repository)\(tag)\(digest)"
    }
}

extension Substring {
    /// A value without the anchor and the type that YAML may have before it.
    fileprivate var bareValue: Substring {
        var value = drop { $0.isWhitespace }
        while value.first == "&" || value.first == "!" {
            value = value.drop { !$0.isWhitespace }.drop { $0.isWhitespace }
        }
        return value
    }

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
