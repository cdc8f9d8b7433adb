internal import OCI

/// An entry of an OCI layout's `index.json`: an image, or what Hauler keeps of an image under the image's own name.
struct LayoutEntry {
    enum Role: Equatable {
        case image
        /// Has a tag made of the image's digest, with this ending, as cosign writes it.
        case companion(ending: String)
        /// Names the image as its subject, and has no tag.
        case referrer
    }

    let descriptor: Descriptor
    /// As the archive has it; nil if it has none.
    let name: String?
    let role: Role

    init(_ descriptor: Descriptor) {
        self.descriptor = descriptor
        let annotations = descriptor.annotations
        name = annotations?["io.containerd.image.name"] ?? annotations?["org.opencontainers.image.ref.name"]
        let kind = annotations?["kind"]?.split(separator: "/") ?? []
        role =
            switch kind.first == "dev.hauler" || kind.first == "dev.cosignproject.cosign" ? kind.dropFirst().first : nil
            {
            case "sigs": .companion(ending: ".sig")
            case "atts": .companion(ending: ".att")
            case "sboms": .companion(ending: ".sbom")
            case "referrers": .referrer
            default: .image
            }
    }
}
