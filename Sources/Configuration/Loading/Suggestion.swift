/// What somebody may have meant by a word that is not known.
enum Suggestion {
    /// The closest of the candidates, if it is close: a third of the word's letters may differ, at least one. Else the only one
    /// that begins with the word, if that has at least four letters.
    static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let bound = min(max(1, word.count / 3), 4)
        let closest = candidates.map { (candidate: $0, distance: distance(word, $0)) }
            .filter { $0.distance <= bound }
            .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
            .candidate
        if let closest { return closest }
        let longer = (4...64).contains(word.count) ? candidates.filter { $0.hasPrefix(word.lowercased()) } : []
        return longer.count == 1 ? longer[0] : nil
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment), without regard to case
    /// or to `-` for `_`. Long words are cut: no key is longer.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = normalized(left)
        let right = normalized(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let isSame = left[row] == right[column]
                var best = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }

    private static func normalized(_ text: String) -> [UInt8] {
        text.lowercased().utf8.prefix(64).map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    }
}
