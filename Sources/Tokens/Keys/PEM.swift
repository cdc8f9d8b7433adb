/// PEM blocks of a text.
enum PEM {
    /// The first block that is not `EC PARAMETERS`, which OpenSSL writes before a key; the whole text if there is none.
    static func first(of text: String) -> String {
        blocks(of: text).first { !$0.hasPrefix("-----BEGIN EC PARAMETERS-----") } ?? text
    }

    /// From `-----BEGIN` to `-----END ...-----`, without what stands between them.
    static func blocks(of text: String) -> [String] {
        var blocks: [String] = []
        var block: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("-----BEGIN ") { block = [line] } else if !block.isEmpty { block.append(line) }
            if line.hasPrefix("-----END "), !block.isEmpty {
                blocks.append(block.joined(separator: "\n"))
                block = []
            }
        }
        return blocks
    }
}
