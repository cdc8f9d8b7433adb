internal import CurlClient
internal import FoundationEssentials
internal import NIOCore
internal import SigV4

/// What container and instance endpoints answer: JSON.
struct CredentialAnswer: Decodable {
    // The names are theirs.
    let AccessKeyId: String
    let SecretAccessKey: String
    let Token: String?
    let Expiration: String?

    private static let limit = 64 << 10

    static func read(_ response: CurlResponse, _ place: String) async throws(S3Error) -> S3Credentials {
        let text = try await self.text(response, place)
        guard let answer = try? JSONDecoder().decode(CredentialAnswer.self, from: Data(text.utf8)) else {
            throw S3Error(.invalidAnswer, "\(place) answered with something else than credentials")
        }
        return S3Credentials(
            SigV4Credentials(
                accessKeyID: answer.AccessKeyId, secretKey: answer.SecretAccessKey, sessionToken: answer.Token),
            expiry: answer.Expiration.flatMap(ISODate.seconds))
    }

    /// The body of an answer of success.
    static func text(_ response: CurlResponse, _ place: String) async throws(S3Error) -> String {
        guard response.status == 200 else {
            throw S3Error(.denied, status: response.status, "\(place) gives no credentials")
        }
        do throws(CurlError) {
            return String(buffer: try await response.body.collect(upTo: limit))
        } catch {
            throw S3Error(error)
        }
    }
}
