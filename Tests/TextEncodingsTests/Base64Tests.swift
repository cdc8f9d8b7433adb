import Testing
import TextEncodings

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    private static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test(arguments: vectors) func theExamplesOfTheSpecification(plain: String, coded: String) {
        let bare = String(coded.prefix { $0 != "=" })
        #expect(Base64.standard.encode(plain.utf8) == coded)
        #expect(Base64.standard.decode(coded.utf8) == Array(plain.utf8))
        #expect(Base64.unpadded.encode(plain.utf8) == bare)
        #expect(Base64.unpadded.decode(bare.utf8) == Array(plain.utf8))
        #expect(Base64.lenient.decode(coded.utf8) == Array(plain.utf8))
        #expect(Base64.lenient.decode(bare.utf8) == Array(plain.utf8))
    }

    @Test func everyByteComesBack() {
        let bytes = Array(UInt8.min...UInt8.max)
        for coding in [Base64.standard, .unpadded, .url, .lenient] {
            #expect(coding.decode(coding.encode(bytes).utf8) == bytes)
        }
        #expect(Base64.url.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Z", "Zg==Zg==", "Zg==\n", "Z g=", "Zm9v====", "-_8=", "===="])
    func whatHasNotTheOneSpellingIsRefused(text: String) {
        #expect(Base64.standard.decode(text.utf8) == nil)
    }
}
