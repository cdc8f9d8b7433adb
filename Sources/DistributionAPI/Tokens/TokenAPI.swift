internal import FoundationEssentials
public import HTTPServer
public import Logging
internal import Metrics
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Observability
public import Tokens

/// The endpoints of the token service; everything else goes on to the registry's own API.
public struct TokenAPI: RequestHandler {
    static let tokenPath = "/auth/token"
    /// Where it is, and where the clients of other token services expect it.
    static let tokenPaths: Set<String> = [
        tokenPath, "/token", "/v2/auth/token", "/keppel/v1/auth", "/init/registry/token",
    ]
    static let keySetPath = "/auth/jwks.json"
    static let certificatePath = "/auth/cert.pem"
    /// Bytes of a form.
    static let maximumForm = 64 * 1024

    private let next: any RequestHandler
    private let service: TokenService
    private let authority: @Sendable (Request) -> any TokenAuthority
    private let logger: Logger
    private let formTime: Duration

    /// - Parameters:
    ///   - next: What answers all other paths.
    ///   - formTime: How long a form may take to arrive, which keeps a place from others.
    ///   - authority: Identities and policy, as this request meets them.
    public init(
        next: any RequestHandler, service: TokenService, logger: Logger, formTime: Duration = .seconds(10),
        authority: @escaping @Sendable (Request) -> any TokenAuthority
    ) {
        self.next = next
        self.service = service
        self.logger = logger
        self.formTime = formTime
        self.authority = authority
    }

    public func respond(to request: Request) async -> Response {
        if Self.tokenPaths.contains(request.path) { return await traced("token") { await token(request) } }
        switch request.path {
        case Self.keySetPath: return document(request, "application/jwk-set+json") { try Self.json(keys.webKeySet) }
        case Self.certificatePath:
            guard let chain = keys.chain else {
                return ErrorResponse.make(
                    RegistryError(.unsupported, status: 404, "the signing key has no certificate (token.cert_chain)"))
            }
            return document(request, "application/x-pem-file") { ByteBuffer(string: chain.pem) }
        default: return await next.respond(to: request)
        }
    }

    // Nothing here is answered so: what is at paths of its own is seldom asked for.
    public func respondAtOnce(to request: Request) -> Response? { next.respondAtOnce(to: request) }

    public func refuse(_ refusal: RequestError, requestID: String) -> Response {
        next.refuse(refusal, requestID: requestID)
    }

    public func finished(_ exchange: Exchange) { next.finished(exchange) }

    private var keys: TokenKeys { service.issuer.keys }

    private func document(_ request: Request, _ type: String, _ make: () throws -> ByteBuffer) -> Response {
        guard request.method == .GET || request.method == .HEAD else {
            return ErrorResponse.make(.wrongMethod(takes: [.GET, .HEAD]))
        }
        let bytes: ByteBuffer
        do {
            bytes = try make()
        } catch {
            logger.error(
                "a document of keys cannot be written",
                metadata: ["request_id": "\(request.id)", "path": "\(request.path)", "error": "\(error)"])
            return ErrorResponse.make(RegistryError(.unknown, "the document cannot be written", cause: error))
        }
        // Short enough for a change of keys to be seen before the first token of the new one is old.
        return Response(
            status: .ok, headers: ["Content-Type": type, "Cache-Control": "public, max-age=60"], body: .bytes(bytes))
    }

    private func token(_ request: Request) async -> Response {
        switch request.method {
        case .GET, .HEAD:
            return await give(request) { () throws(TokenRequestError) in
                do throws(RegistryError) {
                    return try Query(request.query).fields
                } catch {
                    throw .invalidRequest(error.message)
                }
            } parse: { fields throws(TokenRequestError) in
                try TokenRequest(query: fields)
            }
        case .POST:
            return await give(request) { () async throws(TokenRequestError) in
                try await form(request)
            } parse: { fields throws(TokenRequestError) in
                try TokenRequest(form: fields)
            }
        default:
            return ErrorResponse.make(.wrongMethod(takes: [.GET, .HEAD, .POST]))
        }
    }

    private func give(
        _ request: Request, read: () async throws(TokenRequestError) -> [(name: String, value: String)],
        parse: ([(name: String, value: String)]) throws(TokenRequestError) -> TokenRequest
    ) async -> Response {
        var claimed: String?
        do throws(TokenRequestError) {
            let asked = try parse(try await read())
            if case .password(let username, _) = asked.grant { claimed = username }
            let answer = try await service.answer(asked, authority(request))
            Self.count(request, "issued")
            note(answer, asked, request)
            var told = RequestNote()
            told.deed = AuditedDeed(
                event: "token", actor: answer.subject.isAnonymous ? nil : answer.subject.id,
                fields: [(key: "form", value: request.method == .POST ? "oauth" : "query")])
            var response = Response(
                status: .ok, headers: Self.secretHeaders, body: .bytes(try Self.written(answer)))
            response.requestNote = told
            return response
        } catch {
            Self.count(request, error.code)
            logger.info(
                "no token", metadata: ["request_id": "\(request.id)", "reason": "\(error.code): \(error.logged)"])
            var response = request.method == .POST ? Self.oauth(error) : Self.registry(error)
            var told = RequestNote()
            if case .badCredentials = error {
                told.deed = AuditedDeed(event: "login", claimed: claimed)
            } else {
                told.deed = AuditedDeed(event: "token", fields: [(key: "reason", value: error.code)])
            }
            response.requestNote = told
            return response
        }
    }

    private func note(_ answer: TokenAnswer, _ asked: TokenRequest, _ request: Request) {
        guard let account = asked.account, !answer.subject.isAnonymous, account != answer.subject.id else { return }
        logger.debug(
            "account is another than the credentials' owner",
            metadata: ["request_id": "\(request.id)", "subject": "\(answer.subject)"])
    }

    /// The fields of `application/x-www-form-urlencoded`.
    private func form(_ request: Request) async throws(TokenRequestError) -> [(name: String, value: String)] {
        let type = request.headers.first(name: "Content-Type")?.split(separator: ";").first
        guard type?.lowercased() == "application/x-www-form-urlencoded" else {
            throw .invalidRequest("the form must be application/x-www-form-urlencoded")
        }
        guard let bytes = try? await request.body.collect(upTo: Self.maximumForm, within: formTime) else {
            throw .invalidRequest("the form did not arrive, or is larger than \(Self.maximumForm) bytes")
        }
        do throws(RegistryError) {
            return try Query(String(buffer: bytes)).fields
        } catch {
            throw .invalidRequest("the form is not percent-encoded UTF-8")
        }
    }
}

extension TokenAPI {
    /// What holds a token is nobody else's (RFC 6749, section 5.1).
    private static let secretHeaders: HTTPHeaders = [
        "Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache",
    ]

    /// RFC 6749, section 5.2.
    private static func oauth(_ refusal: TokenRequestError) -> Response {
        let body = ["error": refusal.code, "error_description": refusal.message]
        var headers = secretHeaders
        addRetry(refusal, to: &headers)
        return Response(
            status: HTTPResponseStatus(statusCode: refusal.status), headers: headers,
            body: (try? json(body)).map { .bytes($0) } ?? .empty)
    }

    private static func registry(_ refusal: TokenRequestError) -> Response {
        var response: Response
        switch refusal {
        case .unavailable(let error): response = ErrorResponse.make(error)
        case .badCredentials:
            response = ErrorResponse.make(RegistryError(.unauthorized, refusal.message))
            response.headers.add(name: "WWW-Authenticate", value: #"Basic realm="Entrepot", charset="UTF-8""#)
        default:
            response = ErrorResponse.make(RegistryError(.unsupported, status: refusal.status, refusal.message))
        }
        response.headers.replaceOrAdd(name: "Cache-Control", value: "no-store")
        return response
    }

    private static func addRetry(_ refusal: TokenRequestError, to headers: inout HTTPHeaders) {
        guard case .unavailable(let error) = refusal, let seconds = error.retryAfter else { return }
        headers.add(name: "Retry-After", value: String(seconds))
    }

    private static func written(_ answer: TokenAnswer) throws(TokenRequestError) -> ByteBuffer {
        do {
            return try json(answer)
        } catch {
            throw .unavailable(RegistryError(.unknown, "the answer cannot be written as JSON", cause: error))
        }
    }

    private static func json(_ value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ByteBuffer(bytes: Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }

    private static func count(_ request: Request, _ outcome: String) {
        let form = request.method == .POST ? "oauth" : "query"
        Counter(label: "entrepot_token_requests_total", dimensions: [("form", form), ("outcome", outcome)]).increment()
    }
}

extension TokenRequestError {
    /// For the log.
    fileprivate var logged: String {
        if case .unavailable(let error) = self { return "\(error)" }
        return message
    }
}
