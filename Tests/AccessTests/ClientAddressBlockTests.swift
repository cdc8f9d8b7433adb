import Testing

@testable import Access

struct ClientAddressBlockTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("10.0.0.0/8", "10.255.0.1", true),
        ("10.9.9.9/8", "10.1.1.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("2001:db8::/32", "2001:db8:1::1", true),
        ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true), ("0.0.0.0/0", "::1", false),
        ("::/0", "10.0.0.1", false), ("10.0.0.0/8", "::ffff:a00:1", true),
    ])
    func `an address is in a block, or not`(text: String, address: String, isIn: Bool) throws {
        let block = try #require(ClientAddressBlock(text))
        #expect(block.contains(try #require(ClientAddress(address))) == isIn)
        #expect(ClientAddressBlock(block.description) == block)
    }

    @Test(arguments: [
        "", "10", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "::/129", "localhost", "10.0.0.0/8/8", "fe80::1%lo",
    ])
    func `what is neither address nor block is refused`(text: String) {
        #expect(ClientAddressBlock(text) == nil)
    }
}
