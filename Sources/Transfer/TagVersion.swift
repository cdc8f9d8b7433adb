internal import OCI

/// A tag read as a version (semver.org), as far as it is one: what orders `1.9` before `1.10`.
struct TagVersion: Comparable {
    private let numbers: [Int]
    /// What follows the numbers: nothing is newer than something, as a release is than its candidates.
    private let rest: String

    /// Nil for a tag that does not begin with a number, with or without a `v`.
    init?(_ tag: Tag) {
        let text = tag.value.hasPrefix("v") ? tag.value.dropFirst() : tag.value[...]
        let head = text.prefix { $0.isNumber || $0 == "." }
        let numbers = head.split(separator: ".").compactMap { Int($0) }
        guard !numbers.isEmpty else { return nil }
        self.numbers = numbers
        rest = String(text.dropFirst(head.count))
    }

    static func < (left: TagVersion, right: TagVersion) -> Bool {
        for index in 0..<max(left.numbers.count, right.numbers.count) {
            let one = index < left.numbers.count ? left.numbers[index] : 0
            let other = index < right.numbers.count ? right.numbers[index] : 0
            if one != other { return one < other }
        }
        if left.rest.isEmpty != right.rest.isEmpty { return right.rest.isEmpty }
        return left.rest < right.rest
    }
}
