import Configuration

/// Where a runtime's file leads.
struct RuntimePlace {
    let url: UpstreamURL
    /// As it stands there; empty for none.
    let path: String

    /// - Parameter text: A URL, or without scheme one of https.
    init?(_ text: String) {
        let whole = text.contains("://") ? text : "https://\(text)"
        guard let start = whole.firstRange(of: "://")?.upperBound else { return nil }
        let slash = whole[start...].firstIndex(of: "/") ?? whole.endIndex
        guard let url = try? UpstreamURL(String(whole[..<slash])) else { return nil }
        self.url = url
        path = String(whole[slash...])
    }
}
