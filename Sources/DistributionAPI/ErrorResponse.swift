import HTTPServer
import NIOCore
import NIOHTTP1
import OCI

/// The one place where an error becomes status, headers and the specification's JSON ("Error Codes").
enum ErrorResponse {
    static func make(_ error: RegistryError) -> Response {
        var headers: HTTPHeaders = [
            "Content-Type": "application/json", "Docker-Distribution-Api-Version": "registry/2.0",
        ]
        if let seconds = error.retryAfter { headers.add(name: "Retry-After", value: String(seconds)) }
        if let methods = error.allowedMethods {
            headers.add(name: "Allow", value: methods.joined(separator: ", "))
        }
        return Response(
            status: HTTPResponseStatus(statusCode: error.status), headers: headers, body: .bytes(body(error)))
    }

    private static func body(_ error: RegistryError) -> ByteBuffer {
        var body = ByteBuffer()
        body.writeString(#"{"errors":[{"code":"\#(error.code.rawValue)","message":"#)
        JSONText.write(error.message, to: &body)
        body.writeString("}]}\n")
        return body
    }
}
