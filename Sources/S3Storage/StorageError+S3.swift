internal import Storage

extension StorageError {
    init(_ error: S3Error, _ key: ObjectKey?) {
        let code: Code =
            switch error.kind {
            case .absent: .absent
            case .conflict: .conflict
            case .denied: .permissionDenied
            case .full: .noSpace
            case .invalidAnswer, .unavailable, .unsupported, .cancelled, .refused: .io
            }
        self.init(code, error.description, key: key, cause: error.cause)
    }
}
