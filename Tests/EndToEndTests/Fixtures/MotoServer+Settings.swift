import Foundation
import TestSupport

extension MotoServer {
    /// Makes Entrepot keep its content here.
    func storage(_ prefix: String, on stage: Stage, further: String = "") throws -> String {
        let secret = try stage.write(secretKey, to: "secret-\(port)")
        return """
            [storage.s3]
            endpoint = "http://127.0.0.1:\(port)"
            bucket = "\(Self.bucket)"
            key_prefix = "\(prefix)"
            access_key_id = "\(accessKeyID)"
            secret_key_file = "\(secret.path)"
            spool_dir = "\(try stage.makeDirectory("spool").path)"
            \(further)
            """
    }

    /// The same for docker-registry.
    func driver(_ prefix: String) -> String {
        "s3: {accesskey: \(accessKeyID), secretkey: \"\(secretKey)\", region: us-east-1, bucket: \(Self.bucket), "
            + "regionendpoint: \"http://127.0.0.1:\(port)\", rootdirectory: /\(prefix), secure: false, v4auth: true}"
    }
}
