import Testing

@testable import S3Storage

@Suite struct CopyRangesTests {
    private static let mebibyte: Int64 = 1 << 20

    @Test(arguments: [5, 6, 9, 10, 100, 5 << 10] as [Int64], [false, true])
    func rangesFollowEachOtherAndNoneIsTooSmall(chunk: Int64, isUniform: Bool) {
        var settings = S3Settings.test("a", bucket: "b")
        settings.copyChunkSize = chunk * Self.mebibyte
        settings.hasUniformParts = isUniform
        settings.partSize = Int(5 * Self.mebibyte)
        for size in [
            1, 5, 5 * Self.mebibyte, 5 * Self.mebibyte + 1, 11 * Self.mebibyte - 1, 101 * Self.mebibyte, 47 << 30,
        ] {
            let ranges = settings.copyRanges(size)
            #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == size)
            #expect(ranges.count <= 10_000)
            for (one, next) in zip(ranges, ranges.dropFirst()) { #expect(one.upperBound == next.lowerBound) }
            if isUniform {
                #expect(ranges.dropLast().allSatisfy { $0.count == settings.partSize })
            } else if ranges.count > 1 {
                #expect(ranges.allSatisfy { $0.count >= 5 * Self.mebibyte })
            }
        }
        #expect(settings.copyRanges(0).isEmpty)
    }
}
