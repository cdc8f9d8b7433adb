internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1
internal import OCI
internal import Registry

extension DistributionAPI {
    /// end-8a, end-8b
    ///
    /// - Parameter name: As the client calls the repository: the answer calls it so too.
    func tags(
        _ repository: Repository, _ name: RepositoryName, _ request: Request
    ) async throws(RegistryError) -> Response {
        let query = try Query(request.query)
        let limit = try query.limit()
        let served = try await registry.tags(repository, after: query["last"], limit: limit)
        var headers = Self.headers(served, request)
        headers.add(name: "Content-Type", value: MediaType.json.value)
        if served.content.hasMore, let limit, let last = served.content.tags.last {
            let next = "/v2/\(name)/tags/list?n=\(limit)&last=\(last)" + namespaceField(query)
            headers.add(name: "Link", value: "<\(next)>; rel=\"next\"")
        }
        var body = ByteBuffer()
        body.writeString(#"{"name":"\#(name)","tags":["#)
        for (position, tag) in served.content.tags.enumerated() {
            body.writeString(position == 0 ? "\"\(tag)\"" : ",\"\(tag)\"")
        }
        body.writeString("]}")
        return Response(status: .ok, headers: headers, body: .bytes(body))
    }

    /// end-12a, end-12b
    func referrers(
        _ repository: Repository, _ subject: Digest, _ request: Request
    ) async throws(RegistryError) -> Response {
        let type = try Query(request.query)["artifactType"]
        let served = try await registry.referrers(repository, subject, artifactType: type)
        var headers = Self.headers(served, request)
        headers.add(name: "Content-Type", value: MediaType.imageIndex.value)
        if type != nil { headers.add(name: "OCI-Filters-Applied", value: "artifactType") }
        var body = ByteBuffer()
        body.writeString(#"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":["#)
        for (position, descriptor) in served.content.enumerated() {
            if position > 0 { body.writeString(",") }
            Self.write(descriptor, to: &body)
        }
        body.writeString("]}")
        return Response(status: .ok, headers: headers, body: .bytes(body))
    }

    private func namespaceField(_ query: Query) -> String {
        query["ns"].map { "&ns=\(PercentEncoding.encoded($0))" } ?? ""
    }

    private static func write(_ descriptor: Descriptor, to body: inout ByteBuffer) {
        body.writeString(#"{"mediaType":"#)
        JSONText.write(descriptor.mediaType.value, to: &body)
        body.writeString(#","digest":"\#(descriptor.digest)","size":\#(descriptor.size)"#)
        if let type = descriptor.artifactType {
            body.writeString(#","artifactType":"#)
            JSONText.write(type, to: &body)
        }
        if let annotations = descriptor.annotations {
            body.writeString(#","annotations":{"#)
            for (position, (key, value)) in annotations.sorted(by: { $0.key < $1.key }).enumerated() {
                if position > 0 { body.writeString(",") }
                JSONText.write(key, to: &body)
                body.writeString(":")
                JSONText.write(value, to: &body)
            }
            body.writeString("}")
        }
        body.writeString("}")
    }
}
