/// An address with the length of its network prefix, `net.CIDR` in the language.
public struct CIDRBlock: OpaqueValue, Hashable {
    public let address: CELIPAddress
    public let prefixLength: Int

    /// Parses `address/length`; bits beyond the prefix may be set.
    public init(_ text: String) throws(CELError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy(\.isDigit),
            parts[1] == "0" || parts[1].first != "0", let length = Int(parts[1])
        else {
            throw CELError(.conversion, "not an address block such as 10.0.0.0/8")
        }
        address = try CELIPAddress(String(parts[0]))
        prefixLength = length
        guard length <= address.bytes.count * 8 else {
            throw CELError(.conversion, "the prefix is longer than the address")
        }
    }

    private init(address: CELIPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    public static let runtimeType = RuntimeType("net.CIDR")
    public var runtimeType: RuntimeType { Self.runtimeType }

    public func isEqual(to other: any OpaqueValue) -> Bool {
        (other as? CIDRBlock) == self
    }

    public var text: String { address.text + "/" + String(prefixLength) }

    /// The block with all bits beyond the prefix cleared.
    public var masked: CIDRBlock {
        let bytes = address.bytes.enumerated().map { $1 & mask(ofByte: $0) }
        return CELIPAddress(bytes: bytes).map { CIDRBlock(address: $0, prefixLength: prefixLength) } ?? self
    }

    public func contains(_ other: CELIPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return address.bytes.indices.allSatisfy { (address.bytes[$0] ^ other.bytes[$0]) & mask(ofByte: $0) == 0 }
    }

    public func contains(_ other: CIDRBlock) -> Bool {
        other.prefixLength >= prefixLength && contains(other.address)
    }

    private func mask(ofByte index: Int) -> UInt8 {
        let bits = min(max(prefixLength - index * 8, 0), 8)
        return bits == 0 ? 0 : ~UInt8(0) << UInt8(8 - bits)
    }
}
