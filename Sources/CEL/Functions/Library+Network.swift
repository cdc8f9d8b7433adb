/// The network extension: `net.IP` and `net.CIDR`.
extension Library {
    static let network: [FunctionDeclaration] = [
        FunctionDeclaration(
            "ip",
            [
                .global(.ip, .ip) { value, _ in value },
                .global(.string, .ip) { (text, _) throws(CELError) in .opaque(try CELIPAddress(try text.string)) },
                .member(.cidr, .ip) { (block, _) throws(CELError) in
                    .opaque(try block.opaque(CIDRBlock.self).address)
                },
            ]),
        FunctionDeclaration(
            "cidr",
            [
                .global(.cidr, .cidr) { value, _ in value },
                .global(.string, .cidr) { (text, _) throws(CELError) in .opaque(try CIDRBlock(try text.string)) },
            ]),
        FunctionDeclaration(
            "isIP",
            [
                .global(.string, .bool) { (text, _) throws(CELError) in
                    let text = try text.string
                    return .bool((try? CELIPAddress(text)) != nil)
                }
            ]),
        FunctionDeclaration(
            "isCIDR",
            [
                .global(.string, .bool) { (text, _) throws(CELError) in
                    let text = try text.string
                    return .bool((try? CIDRBlock(text)) != nil)
                }
            ]),
        FunctionDeclaration(
            "ip.isCanonical",
            [
                .global(.string, .bool) { (text, _) throws(CELError) in
                    let text = try text.string
                    return .bool(try CELIPAddress(text).text == text)
                }
            ]),
        FunctionDeclaration(
            "family",
            [
                .member(.ip, .int) { (address, _) throws(CELError) in
                    .int(try address.opaque(CELIPAddress.self).isVersion4 ? 4 : 6)
                }
            ]),
        test("isUnspecified", \.isUnspecified),
        test("isLoopback", \.isLoopback),
        test("isGlobalUnicast", \.isGlobalUnicast),
        test("isLinkLocalMulticast", \.isLinkLocalMulticast),
        test("isLinkLocalUnicast", \.isLinkLocalUnicast),
        FunctionDeclaration(
            "containsIP",
            [
                .member(.cidr, .ip, .bool) { (block, address, _) throws(CELError) in
                    .bool(try block.opaque(CIDRBlock.self).contains(try address.opaque(CELIPAddress.self)))
                },
                .member(.cidr, .string, .bool) { (block, address, _) throws(CELError) in
                    .bool(try block.opaque(CIDRBlock.self).contains(try CELIPAddress(try address.string)))
                },
            ]),
        FunctionDeclaration(
            "containsCIDR",
            [
                .member(.cidr, .cidr, .bool) { (block, other, _) throws(CELError) in
                    .bool(try block.opaque(CIDRBlock.self).contains(try other.opaque(CIDRBlock.self)))
                },
                .member(.cidr, .string, .bool) { (block, other, _) throws(CELError) in
                    .bool(try block.opaque(CIDRBlock.self).contains(try CIDRBlock(try other.string)))
                },
            ]),
        FunctionDeclaration(
            "masked",
            [
                .member(.cidr, .cidr) { (block, _) throws(CELError) in
                    .opaque(try block.opaque(CIDRBlock.self).masked)
                }
            ]),
        FunctionDeclaration(
            "isMask",
            [
                .member(.cidr, .bool) { (block, _) throws(CELError) in
                    let block = try block.opaque(CIDRBlock.self)
                    return .bool(block == block.masked)
                }
            ]),
        FunctionDeclaration(
            "prefixLength",
            [
                .member(.cidr, .int) { (block, _) throws(CELError) in
                    .int(Int64(try block.opaque(CIDRBlock.self).prefixLength))
                }
            ]),
    ]

    private static func test(_ name: String, _ property: any KeyPath<CELIPAddress, Bool> & Sendable)
        -> FunctionDeclaration
    {
        FunctionDeclaration(
            name,
            [
                .member(.ip, .bool) { (address, _) throws(CELError) in
                    .bool(try address.opaque(CELIPAddress.self)[keyPath: property])
                }
            ])
    }
}
