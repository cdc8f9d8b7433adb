internal import CEL

/// An address, or all that share a prefix: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
public struct ClientAddressBlock: Hashable, Sendable, CustomStringConvertible {
    private let block: CIDRBlock

    /// Nil for what is neither. Bits beyond the prefix do not count.
    public init?(_ text: String) {
        if let block = try? CIDRBlock(text) {
            self.block = block.masked
            return
        }
        guard let address = try? CELIPAddress(text),
            let block = try? CIDRBlock("\(address.text)/\(address.bytes.count * 8)")
        else { return nil }
        self.block = block
    }

    public func contains(_ address: ClientAddress) -> Bool { block.contains(address.address) }

    public var description: String {
        block.prefixLength == block.address.bytes.count * 8 ? block.address.text : block.text
    }
}
