enum CodePointSearch {
    /// First position of `part` at or after `start`.
    static func first(_ part: [Unicode.Scalar], in text: [Unicode.Scalar], from start: Int) -> Int? {
        guard start + part.count <= text.count else { return nil }
        return (start...text.count - part.count).first { text[$0..<$0 + part.count].elementsEqual(part) }
    }

    /// Last position of `part` at or before `end`.
    static func last(_ part: [Unicode.Scalar], in text: [Unicode.Scalar], upTo end: Int) -> Int? {
        guard part.count <= text.count else { return nil }
        return (0...min(end, text.count - part.count)).last { text[$0..<$0 + part.count].elementsEqual(part) }
    }
}
