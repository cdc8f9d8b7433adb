import NIOHTTP1

/// How a response is framed, and whether the connection stays open after it (RFC 9112 sections 6.3 and 9.3). Pure.
struct ResponsePlan {
    let length: ResponseHeadEncoder.Length
    let connection: ResponseHeadEncoder.ConnectionField
    let sendsBody: Bool
    let staysOpen: Bool
    let outgoing: OutgoingBody

    /// - Parameters:
    ///   - head: nil where the request was not understood.
    ///   - mayStay: whether the server's side wants to keep the connection.
    init(_ response: Response, head: RequestHead?, mayStay: Bool) {
        let isHead = head?.method == .HEAD
        let isVersion10 = head?.isVersion10 ?? false
        let status = response.status.code
        let hasNoBody = status == 204 || status == 304 || (100..<200).contains(status)
        let declared = response.headers.first(name: "content-length").flatMap { Int64($0) }
            .flatMap { $0 < 0 ? nil : $0 }
        let endsWithConnection: Bool
        switch (hasNoBody, response.body.length) {
        case (true, _):
            // A 304 may say how long the 200 would have been; the others have no length (RFC 9110 section 8.6).
            length = status == 304 ? declared.map { .known($0) } ?? .none : .none
            endsWithConnection = false
        case (false, let known?):
            length = .known(isHead ? declared ?? known : known)
            endsWithConnection = false
        case (false, nil) where isHead && declared != nil:
            length = .known(declared ?? 0)
            endsWithConnection = false
        case (false, nil):
            length = isVersion10 ? .none : .chunked
            endsWithConnection = isVersion10
        }
        sendsBody = !isHead && !hasNoBody
        staysOpen = mayStay && (head?.keepsAlive ?? false) && !(endsWithConnection && sendsBody)
        connection = staysOpen ? (isVersion10 ? .keepAlive : .none) : .close
        if !sendsBody {
            outgoing = .none
        } else if let known = response.body.length {
            outgoing = .fixed(remaining: known)
        } else {
            outgoing = isVersion10 ? .untilClose : .chunked
        }
    }
}
