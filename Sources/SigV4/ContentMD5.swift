internal import TextEncodings

/// The value of `Content-MD5`, which S3 asks for with a deletion of several objects.
public enum ContentMD5 {
    public static func of(_ bytes: UnsafeRawBufferPointer) -> String { Base64.standard.encode(Hashes.md5(bytes)) }
}
