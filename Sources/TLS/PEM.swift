internal import COpenSSL
import Glibc

/// Certificates and keys as OpenSSL's objects, from files or memory.
enum PEM {
  /// Calls `body` with each certificate of a source, in order.
  static func forEachCertificate(
    _ source: PEMSource, as material: TLSError.Material,
    _ body: (OpaquePointer) throws(TLSError) -> Void
  ) throws(TLSError) {
    let bio = try unsafe open(source, as: material)
    defer { unsafe BIO_free(bio) }
    var isFirst = true
    while true {
      ErrorQueue.clear()
      guard let certificate = unsafe PEM_read_bio_X509(bio, nil, refusePassword, nil) else {
        // OpenSSL reports "no start line" at the end of the source, too.
        if !isFirst && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE { break }
        throw .material(material, file: source.file, reason: ErrorQueue.takeReason())
      }
      defer { unsafe X509_free(certificate) }
      isFirst = false
      try unsafe body(certificate)
    }
    ErrorQueue.clear()
  }

  /// The caller frees the key.
  static func key(_ source: PEMSource) throws(TLSError) -> OpaquePointer {
    let bio = try unsafe open(source, as: .key)
    defer { unsafe BIO_free(bio) }
    ErrorQueue.clear()
    guard let key = unsafe PEM_read_bio_PrivateKey(bio, nil, refusePassword, nil) else {
      throw .material(.key, file: source.file, reason: ErrorQueue.takeReason())
    }
    return unsafe key
  }

  /// The bytes that `write` puts into a BIO in memory; `write` returns 1 if it succeeds.
  static func text(_ write: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
    ErrorQueue.clear()
    guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw libraryError("BIO_new") }
    defer { unsafe BIO_free(bio) }
    guard unsafe write(bio) == 1 else { throw libraryError("PEM_write_bio") }
    var bytes: UnsafePointer<UInt8>?
    let count = unsafe runner_bio_contents(bio, &bytes)
    return unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  private static func open(
    _ source: PEMSource, as material: TLSError.Material
  ) throws(TLSError) -> OpaquePointer {
    ErrorQueue.clear()
    switch source {
    case .file(let path):
      // Opening a pipe would wait for a writer, and a directory can be opened but not read.
      var status = stat()
      if unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        throw .material(
          material, file: path, reason: isDirectory ? "is a directory" : "is no regular file")
      }
      guard let bio = unsafe BIO_new_file(path, "r") else {
        throw .material(material, file: path, reason: ErrorQueue.takeReason())
      }
      return unsafe bio
    case .memory(let bytes):
      guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw libraryError("BIO_new") }
      guard unsafe bytes.isEmpty || BIO_write(bio, bytes, Int32(clamping: bytes.count)) > 0 else {
        unsafe BIO_free(bio)
        throw libraryError("BIO_write")
      }
      return unsafe bio
    }
  }
}

/// Without this callback OpenSSL would ask at the terminal for the password of an encrypted key.
private func refusePassword(
  _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

func libraryError(_ call: String) -> TLSError {
  .library(call: call, reason: ErrorQueue.takeReason())
}
