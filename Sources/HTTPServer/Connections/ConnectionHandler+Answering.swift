import NIOCore
import NIOSSL

extension ConnectionHandler {
    /// Whether the connection may carry another request after this response, as far as our side goes.
    func mayStay(_ response: Response) -> Bool {
        guard !isRetiring, !isInputClosed, !isRefused else { return false }
        // A client that waits for "100 Continue" may or may not send its body after a final response.
        guard !owesContinue else { return false }
        if case .stream = response.body, bodyIsTaken || !body.isFinished { return true }
        return body.remaining <= HTTPServerConfiguration.maxDrainedBytes && bodyError == nil
    }

    var clientCertificates: [NIOSSLCertificate] {
        guard let tls = try? context?.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self) else { return [] }
        return tls.peerCertificate.map { [$0] } ?? []
    }
}
