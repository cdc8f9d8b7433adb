internal import Access
internal import HTTPServer
internal import NIOHTTP1

/// Tells this machine's own users from those who reach a loopback address through something on it: a proxy, or a browser
/// that shows a stranger's page.
enum LocalRequest {
    /// Why a request may come from elsewhere; nil if nothing says so.
    static func objection(to request: Request) -> String? {
        if let address = request.clientAddress.flatMap({ ClientAddress($0) }), !address.isLoopback {
            return "it comes from another machine"
        }
        if forwardingFields.contains(where: request.headers.contains(name:)) {
            return "it came through a proxy"
        }
        // As nginx asks, with a Host of this machine, where its configuration says nothing but the address. No client that
        // pushes does.
        if request.isVersion10 { return "it came by HTTP/1.0, as through a proxy" }
        // Names that strangers choose can mean this machine as well.
        guard let host = request.headers.first(name: "Host"), isLoopback(host) else {
            return "its Host is no name of this machine"
        }
        let origins = request.headers["Origin"]
        if !origins.allSatisfy({ $0 == "http://\(host)" || $0 == "https://\(host)" }) {
            return "a page from elsewhere sent it"
        }
        if !request.headers["Sec-Fetch-Site"].allSatisfy({ $0 == "same-origin" || $0 == "none" }) {
            return "a page from elsewhere sent it"
        }
        return nil
    }

    /// With or without a port.
    private static func isLoopback(_ host: String) -> Bool {
        var name = host[...]
        if let colon = name.lastIndex(of: ":"), name.last != "]",
            name[name.index(after: colon)...].allSatisfy(\.isNumber)
        {
            name = name[..<colon]
        }
        if name.first == "[", name.last == "]" {
            return ClientAddress(String(name.dropFirst().dropLast()))?.isLoopback ?? false
        }
        return name.lowercased() == "localhost"
            || (!name.contains(":") && ClientAddress(String(name))?.isLoopback ?? false)
    }

    private static let forwardingFields = [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port",
        "X-Forwarded-Server", "X-Real-IP",
    ]
}
