internal import OCI

/// Where an upload session lies. Distribution shares none of its own with us, and passes ours over.
struct UploadKeys {
    /// The session exists as long as this does.
    let start: ObjectKey
    let data: ObjectKey
    /// How far the content is hashed.
    let checkpoint: ObjectKey

    var all: [ObjectKey] { start == data ? [data, checkpoint] : [start, checkpoint, data] }

    /// - Parameter isRemote: Whether content goes over a network, where an object that grows is many, and none as long as it is
    ///   empty: such a session is a folder, with a start of its own. Elsewhere it is one file, which becomes the blob: a push
    ///   of a blob removes nothing, for which file systems have to make up.
    init(_ id: UploadID, in repository: RepositoryName, isRemote: Bool) {
        let place = RegistryLayout.upload(id, in: repository)
        func below(_ name: String) -> ObjectKey { place.child(name) ?? place }
        if isRemote {
            (start, data, checkpoint) = (below("startedat"), below("data"), below("entrepot-hash"))
        } else {
            (start, data, checkpoint) = (place, place, RegistryLayout.checkpoint(of: id, in: repository))
        }
    }
}
