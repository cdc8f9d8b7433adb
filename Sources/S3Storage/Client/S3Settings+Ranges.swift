extension S3Settings {
    /// The ranges in which an object is copied, none of which is smaller than a part may be: more may follow.
    ///
    /// - Parameter size: Bytes.
    func copyRanges(_ size: Int64) -> [Range<Int64>] {
        guard size > 0 else { return [] }
        if hasUniformParts {
            return stride(from: 0, to: size, by: partSize).map { $0..<min($0 + Int64(partSize), size) }
        }
        let least = (size + Int64(Self.mostParts) - 1) / Int64(Self.mostParts)
        let step = max(copyChunkSize, Self.leastPart, least)
        // Alike, so that the last one is no remainder.
        var count = (size + step - 1) / step
        if count > 1, size / count < Self.leastPart { count -= 1 }
        return (0..<count).map { (size * $0 / count)..<(size * ($0 + 1) / count) }
    }
}
