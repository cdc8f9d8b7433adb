import OCI
import Testing

@Suite struct CompanionTagsTests {
    private static let hex = String(repeating: "0a", count: 32)

    @Test func eachTagTellsWhatItBelongsTo() throws {
        let digest = try #require(Digest(algorithm: .sha256, hex: Self.hex))
        let tags = CompanionTags.tags(of: digest)
        #expect(tags.map(\.value) == ["", ".sig", ".att", ".sbom"].map { "sha256-\(Self.hex)\($0)" })
        #expect(tags.allSatisfy { CompanionTags.subject(of: $0) == digest })
    }

    @Test(arguments: [
        "latest", "sha256", "sha256-", "sha256-\(hex.dropLast())", "sha256-\(hex)0", "sha256-\(hex).sigs",
        "sha256-\(hex).",
        "sha256-\(hex)-sig", "md5-\(hex)", "sha512-\(hex)", "sha256-\(hex.uppercased()).sig", "x-sha256-\(hex)",
    ])
    func othersBelongToNothing(text: String) throws {
        #expect(CompanionTags.subject(of: try #require(Tag(text))) == nil)
    }
}
