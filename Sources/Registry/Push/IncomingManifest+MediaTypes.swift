internal import OCI

/// Which media types may be pushed: all that somebody still writes. What they say of the content must be so.
extension IncomingManifest {
    static func checkPushable(_ given: MediaType?) throws(RegistryError) {
        guard given?.isSchema1 != true else {
            throw RegistryError(
                .manifestInvalid,
                "Docker's manifest schema 1 is not supported; push with a client that knows schema 2 or OCI")
        }
    }

    /// The media type is told twice, beside the content and in it; where both speak they must agree, and neither may
    /// call an index an image.
    static func agreedMediaType(_ given: MediaType?, _ content: Manifest) throws(RegistryError) -> MediaType {
        guard let given, given != .json, given != .octetStream else { return content.mediaType }
        if let declared = content.declaredMediaType, declared != given {
            throw RegistryError(
                .manifestInvalid,
                "the manifest says that it is \(declared), and was sent as \(given); send it as what it is")
        }
        if let kind = given.manifestKind, kind != content.kind {
            throw RegistryError(.manifestInvalid, "what was sent as \(given) has not the fields of one")
        }
        return given
    }
}
