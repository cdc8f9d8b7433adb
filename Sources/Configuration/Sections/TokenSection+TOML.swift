import Tokens

extension TokenSection {
    func write(to writer: inout TOMLWriter) {
        writer.table("token")
        writer.value("issuer", issuer)
        writer.value("key", files.key)
        writer.value("cert_chain", files.certificateChain)
        writer.value("previous_keys", files.previousKeys)
        writer.value("alg", keys.signing.algorithm.rawValue)
        writer.value("ttl", ttl.description)
        writer.value("refresh_ttl", refreshTTL.description)
        writer.value("kid_format", keys.idFormat.rawValue)
        writer.value("services", services.map(\.text))
        writer.value("default_service", defaultService.text)
        writer.value("realm", realm?.description)
    }
}
