public import CurlClient
internal import Metrics
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SigV4

/// A bucket, asked over HTTP: signed requests that are tried again while that may help, and answers that are believed no
/// further than they must be.
///
/// Sends nothing that third-party stores are known to refuse: no checksum fields, no chunked signatures.
public final class S3Client: Sendable {
    let settings: S3Settings
    private let curl: CurlClient
    private let credentials: any S3CredentialSource
    /// Seconds since 1970.
    private let now: @Sendable () -> Int64
    private let pause: @Sendable (Duration) async throws -> Void
    private let place: NIOLockedValueBox<S3Place>

    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - pause: Between two tries.
    public init(
        _ settings: S3Settings, credentials: any S3CredentialSource, curl: CurlClient,
        now: @escaping @Sendable () -> Int64,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.settings = settings
        self.credentials = credentials
        self.curl = curl
        self.now = now
        self.pause = pause
        place = NIOLockedValueBox(S3Place(settings))
    }

    /// Each way of making one request right is gone only once.
    private struct Followed {
        var clock = false
        var region = false
        var credentials = false
    }

    /// Sends a request until it succeeds or another try is of no use.
    ///
    /// - Returns: An answer with a status of 2xx.
    func send(_ call: S3Call) async throws(S3Error) -> CurlResponse {
        try await send(call) { (response) async throws(S3Error) in response }
    }

    /// - Parameter take: Reads the answer; where that fails, the request is tried again alike.
    private func send<Value>(
        _ call: S3Call, _ take: (CurlResponse) async throws(S3Error) -> Value
    ) async throws(S3Error) -> Value {
        var followed = Followed()
        var attempt = 1
        var waited = Duration.zero
        while true {
            let start = ContinuousClock.now
            let failure: S3Error
            do throws(S3Error) {
                guard let response = try await once(call, &followed) else { continue }
                let value = try await take(response)
                count(call, "ok")
                return value
            } catch {
                failure = error
            }
            // A body that moves may take its time.
            waited += min(start.duration(to: .now), settings.stallTimeout)
            guard failure.isWorthAnotherTry, attempt < settings.maxAttempts, waited < settings.retryBudget else {
                count(call, failure.kind == .absent ? "absent" : "failed")
                throw failure
            }
            count(call, "retried")
            waited += try await wait(beforeTry: attempt)
            attempt += 1
        }
    }

    /// - Parameter attempt: How many failed before.
    /// - Returns: How long that took.
    @discardableResult
    func wait(beforeTry attempt: Int) async throws(S3Error) -> Duration {
        let delay = Self.delay(attempt)
        do { try await pause(delay) } catch { throw S3Error(.cancelled, "the request was given up") }
        return delay
    }

    /// Full jitter: anything between nothing and a bound that doubles.
    private static func delay(_ attempt: Int) -> Duration {
        .milliseconds(Int64.random(in: 0...min(5000, 100 << min(attempt, 10))))
    }

    private func count(_ call: S3Call, _ outcome: String) {
        Counter(
            label: "entrepot_bucket_requests_total", dimensions: [("operation", call.operation), ("outcome", outcome)]
        ).increment()
    }

    /// - Returns: nil if the store said how the request is to be made instead, which is now known.
    private func once(_ call: S3Call, _ followed: inout Followed) async throws(S3Error) -> CurlResponse? {
        let asked = try await credentials.credentials()
        let response: CurlResponse
        do throws(CurlError) {
            response = try await curl.execute(request(call, asked.credentials))
        } catch {
            throw S3Error(error)
        }
        let date = response.headers["Date"].flatMap(HTTPDate.seconds)
        if let date { place.withLockedValue { $0.clockDifference = date - now() } }
        if (200...299).contains(response.status) { return response }
        let answer = try await Self.refusal(response)
        let code = Self.word(answer?["Code"] ?? "")
        if !followed.region,
            let region = response.headers["x-amz-bucket-region"] ?? answer?["Region"],
            place.withLockedValue({ $0.move(to: region) })
        {
            followed.region = true
            return nil
        }
        if !followed.clock, code == "RequestTimeTooSkewed" || (code.isEmpty && response.status == 403),
            let date
        {
            let offset = date - now()
            let isNews = place.withLockedValue { place in
                guard abs(offset - place.clockOffset) > 60 else { return false }
                place.clockOffset = offset
                return true
            }
            if isNews {
                followed.clock = true
                return nil
            }
        }
        if !followed.credentials, response.status == 400 || response.status == 401 || response.status == 403,
            await credentials.areReplaced(asked)
        {
            followed.credentials = true
            return nil
        }
        throw S3Error(
            status: response.status, code: code, said: Self.sentence(answer?["Message"] ?? ""),
            operation: "\(call.operation) in the bucket \(settings.bucket)")
    }

    private func request(_ call: S3Call, _ credentials: SigV4Credentials) -> CurlRequest {
        let place = place.withLockedValue { $0 }
        let host = settings.usesPathStyle ? place.authority : "\(settings.bucket).\(place.authority)"
        let path = (settings.usesPathStyle ? "/\(settings.bucket)/" : "/") + (call.key ?? "")
        var signed = SigV4Request(
            method: call.method.rawValue,
            path: call.key == nil && settings.usesPathStyle ? String(path.dropLast()) : path,
            query: call.query, headers: call.headers + [.init("Host", host)], payload: .unsigned)
        if !settings.isSecure {
            signed.payload = call.body.map { $0.withUnsafeReadableBytes(SigV4Request.Payload.hashing) } ?? .empty
        }
        var headers = CurlHeaders()
        let signer = SigV4Signer(credentials, region: place.region)
        let time = SigV4Time(seconds: now() + place.clockOffset)
        for item in signed.headers + signer.headers(for: signed, at: time) { headers.append(item.name, item.value) }
        let query = call.query.isEmpty ? "" : "?\(signed.encodedQuery)"
        let window = max(1, settings.stallTimeout.components.seconds)
        return CurlRequest(
            url: "\(settings.isSecure ? "https" : "http")://\(host)\(signed.encodedPath)\(query)", method: call.method,
            headers: headers, body: call.body,
            settings: CurlSettings(
                trustRoots: settings.caBundle.map { .bundle($0) } ?? .system,
                connectTimeout: settings.connectTimeout,
                stall: .init(bytesPerSecond: 1024, window: .seconds(window))))
    }

    /// Seconds since 1970, by the clock of the store as it last answered.
    var storeTime: Int64 { now() + place.withLockedValue { $0.clockDifference } }

    var localTime: Int64 { now() }
    var region: String { place.withLockedValue { $0.region } }

    /// What is answered there to who shows no credentials.
    func status(at address: String) async throws(S3Error) -> Int {
        let trust = settings.caBundle.map { CurlSettings.TrustRoots.bundle($0) } ?? .system
        do throws(CurlError) {
            return try await curl.execute(CurlRequest(url: address, settings: CurlSettings(trustRoots: trust))).status
        } catch {
            throw S3Error(error)
        }
    }

    /// An address at which whoever holds it may read the object. A secret.
    ///
    /// - Parameter lifetime: Seconds; less where the credentials end sooner.
    /// - Returns: nil where they end too soon to be of use.
    func presignedAddress(of key: String, lifetime: Int) async throws(S3Error) -> String? {
        let asked = try await credentials.credentials()
        let place = place.withLockedValue { $0 }
        let now = now()
        let left = asked.expiry.map { Int(clamping: $0 - now - 30) } ?? lifetime
        guard min(left, lifetime) >= 30 else { return nil }
        let host = settings.usesPathStyle ? place.authority : "\(settings.bucket).\(place.authority)"
        let signed = SigV4Request(
            method: "GET", path: (settings.usesPathStyle ? "/\(settings.bucket)/" : "/") + key,
            headers: [.init("Host", host)])
        let query = SigV4Signer(asked.credentials, region: place.region).presignedQuery(
            for: signed, at: SigV4Time(seconds: now + place.clockOffset), lifetime: min(left, lifetime))
        return "\(settings.isSecure ? "https" : "http")://\(host)\(signed.encodedPath)?\(query)"
    }

    // MARK: Answers

    private static let refusalLimit = 64 << 10

    /// What the store says of its refusal; nil if it is nothing of use.
    private static func refusal(_ response: CurlResponse) async throws(S3Error) -> XMLElement? {
        let bytes: ByteBuffer
        do throws(CurlError) {
            bytes = try await response.body.collect(upTo: refusalLimit)
        } catch {
            // Without it nobody knows whether to try again.
            guard error.code == .tooLarge else { throw S3Error(error) }
            return nil
        }
        guard bytes.readableBytes > 0, let root = try? XMLParser.parse(Array(bytes.readableBytesView)),
            root.name == "Error"
        else { return nil }
        return root
    }

    /// The body of an answer that is XML.
    ///
    /// - Throws: also what the store reports in spite of its status.
    private func document(
        _ response: CurlResponse, _ call: S3Call, _ limit: Int
    ) async throws(S3Error) -> XMLElement {
        let bytes: ByteBuffer
        do throws(CurlError) { bytes = try await response.body.collect(upTo: limit) } catch { throw S3Error(error) }
        let root: XMLElement
        do throws(XMLError) {
            root = try XMLParser.parse(Array(bytes.readableBytesView))
        } catch {
            throw S3Error(.invalidAnswer, "the store's answer to \(call.operation) is no XML: \(error.message)")
        }
        guard root.name != "Error" else {
            // Such an answer begins with the status 200 to keep the connection alive, and its meaning is that of a 500.
            let code = Self.word(root["Code"] ?? "")
            throw S3Error(
                status: 500, code: code, said: Self.sentence(root["Message"] ?? ""),
                operation: "\(call.operation) in the bucket \(settings.bucket)")
        }
        return root
    }

    /// As ``send(_:)``, for an answer that is XML. What is reported within an answer of status 200 is tried again alike.
    func ask(_ call: S3Call, limit: Int = 64 << 10) async throws(S3Error) -> XMLElement {
        try await send(call) { (response) async throws(S3Error) in try await document(response, call, limit) }
    }

    /// A code as S3's are; nothing else of what a stranger sends gets into logs.
    static func word(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(64).filter {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            }, as: UTF8.self)
    }

    private static func sentence(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(200).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
    }
}
