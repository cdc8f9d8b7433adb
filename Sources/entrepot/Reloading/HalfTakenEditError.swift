/// An edit of which a reload could take on only the half that makes the other half dangerous.
struct HalfTakenEditError: Error, CustomStringConvertible {
    var description: String {
        """
        server.bind_address or server.tls changes together with identities, access policies or tokens: the first \
        needs a restart, and the second may rely on it; restart the server to take on both, or change one at a time
        """
    }
}
