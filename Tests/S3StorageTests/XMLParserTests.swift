import Testing

@testable import S3Storage

@Suite struct XMLParserTests {
    private func parse(_ text: String) throws(XMLError) -> XMLElement {
        try XMLParser.parse(Array(text.utf8))
    }

    @Test func anAnswerOfS3IsRead() throws {
        let root = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a > comment -->
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Contents a='>'>
            <Key>a&amp;b&#x20;&#252;<![CDATA[<c>]]></Key><Size>1</Size></Contents><Contents><Key/></Contents>
            <x:Prefix></x:Prefix></ListBucketResult>
            """)
        #expect(root.name == "ListBucketResult")
        #expect(root["Name"] == "b")
        #expect(root.all("Contents").map { $0["Key"] } == ["a&b ü<c>", ""])
        #expect(root["Prefix"] == "")
        #expect(root["Absent"] == nil)
    }

    @Test(arguments: [
        "", "   ", "text", "<a>", "<a></b>", "</a>", "<a", "<a href='", "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>& b</a>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><!ELEMENT b></a>", "<a><<b></a>", "< a></a>", "<a>&#xD800;</a>",
        "<a><![CDATA[", "<?xml", "x<a></a>", "<a>&aaaaaaaaaaaaaaaaaaaaaaaaaaaa;</a>",
    ])
    func whatIsNoSuchAnswerIsRefused(text: String) {
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func depthAndNumberAreBounded() {
        let deep = String(repeating: "<a>", count: 1_000_000)
        #expect(throws: XMLError(message: "too many levels")) { try parse(deep) }
        let many = "<a>" + String(repeating: "<b/>", count: 1_000_000) + "</a>"
        #expect(throws: XMLError(message: "too many elements")) { try parse(many) }
    }

    @Test func anythingAtAllEndsInAnAnswer() {
        var generator = SystemRandomNumberGenerator()
        let pieces = [
            "<", ">", "/", "a", "&", ";", "amp", "<![CDATA[", "]]>", "<!--", "-->", "\"", "=", "<a>", "</a>", "\u{0}",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0..<20, using: &generator)).map { _ in pieces.randomElement() ?? "" }
                .joined()
            _ = try? parse(text)
        }
    }

    @Test func textIsEscapedSoThatItReadsBack() throws {
        let text = "a&<>\"'\r\n\t ü]]>"
        #expect(try parse("<a>\(XMLText.escape(text))</a>").text == text)
    }
}
