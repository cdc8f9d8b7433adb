/// PEM blocks of a text (RFC 7468).
enum PEM {
    /// The first block that is not `EC PARAMETERS`, which OpenSSL writes before a key.
    static func key(in text: String) -> String? { blocks(of: text).first { label(of: $0) != "EC PARAMETERS" } }

    /// From `-----BEGIN` to `-----END ...-----`, without what stands between them.
    static func blocks(of text: String) -> [String] {
        var blocks: [String] = []
        var block: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix(begin) { block = [line] } else if !block.isEmpty { block.append(line) }
            if line.hasPrefix("-----END "), !block.isEmpty {
                blocks.append(block.joined(separator: "\n") + "\n")
                block = []
            }
        }
        return blocks
    }

    /// What a block says it holds.
    static func label(of block: String) -> Substring {
        block.dropFirst(begin.count).prefix { $0 != "-" }
    }

    private static let begin = "-----BEGIN "
}
