/// What is wrong with an HTTP message: the rule that it breaks, or the bound of `HTTPReader` that it
/// exceeds.
package enum HTTPFault: UInt8, Sendable, CaseIterable {
  case startLineTooLong, fieldLineTooLong, headTooLong, tooManyFields
  case lineEnd
  case method, target, version, unknownVersion
  case statusCode, reason
  case spaceBeforeFields, fieldName, foldedLine, fieldValue
  case noHost, repeatedHost, host
  case contentLength, contentLengthTooLarge, repeatedContentLength
  case transferEncoding, transferEncodingInVersion10, transferEncodingAndLength
  case chunkedTwice, chunkedNotLast, unknownTransferCoding
  case chunkSize, chunkSizeTooLarge, chunkLine, chunkLineTooLong, chunkEnd
  case endedEarly

  /// The fault in words, to follow a text such as "no HTTP:". "It" is the message.
  package var words: String {
    switch self {
    case .startLineTooLong: "its first line is longer than \(HTTPReader.mostLine) bytes"
    case .fieldLineTooLong: "a header line is longer than \(HTTPReader.mostLine) bytes"
    case .headTooLong: "its headers are longer than \(HTTPReader.mostHead) bytes"
    case .tooManyFields: "it has more than \(HTTPReader.mostFields) header lines"
    case .lineEnd: "a line does not end with CR and LF"
    case .method: "its method is not a token"
    case .target: "its target is not one of the four forms"
    case .version: "it does not name its version as HTTP/1.1"
    case .unknownVersion: "it is of another major version than HTTP/1"
    case .statusCode: "its status code is not three digits"
    case .reason: "its reason phrase has a control character"
    case .spaceBeforeFields: "there is white space before its first header"
    case .fieldName: "the name of a header is not a token with a colon right behind it"
    case .foldedLine: "a header goes on in a second line"
    case .fieldValue: "the value of a header has a control character"
    case .noHost: "it has no Host header"
    case .repeatedHost: "it has more than one Host header"
    case .host: "its Host header is no host with an optional port"
    case .contentLength: "its Content-Length is not a decimal number"
    case .contentLengthTooLarge: "its Content-Length is more than 2^63 - 1"
    case .repeatedContentLength: "it has more than one Content-Length"
    case .transferEncoding: "its Transfer-Encoding is not a list of names"
    case .transferEncodingInVersion10: "it has a Transfer-Encoding, which HTTP/1.0 does not know"
    case .transferEncodingAndLength: "it has a Transfer-Encoding and a Content-Length"
    case .chunkedTwice: "its Transfer-Encoding says chunked twice"
    case .chunkedNotLast: "its Transfer-Encoding does not end with chunked, so its end is unknown"
    case .unknownTransferCoding: "its Transfer-Encoding names another coding than chunked"
    case .chunkSize: "the size of a chunk is not a hexadecimal number"
    case .chunkSizeTooLarge: "the size of a chunk is more than 2^63 - 1"
    case .chunkLine: "the line before a chunk is not a size with extensions"
    case .chunkLineTooLong:
      "the line before a chunk is longer than \(HTTPReader.mostChunkLine) bytes"
    case .chunkEnd: "a chunk is longer than its size"
    case .endedEarly: "the connection closed before its end"
    }
  }

  /// The section that has the rule. For a bound of `HTTPReader`, the section that allows such a bound or
  /// asks for one.
  package var section: String {
    switch self {
    case .startLineTooLong: "RFC 9112, 3"
    case .fieldLineTooLong, .headTooLong, .tooManyFields: "RFC 9110, 5.4"
    case .lineEnd, .spaceBeforeFields: "RFC 9112, 2.2"
    case .method: "RFC 9112, 3.1"
    case .target, .noHost, .repeatedHost, .host: "RFC 9112, 3.2"
    case .version, .unknownVersion: "RFC 9112, 2.3"
    case .statusCode, .reason: "RFC 9112, 4"
    case .fieldName: "RFC 9112, 5.1"
    case .foldedLine: "RFC 9112, 5.2"
    case .fieldValue: "RFC 9110, 5.5"
    case .contentLength, .contentLengthTooLarge, .repeatedContentLength: "RFC 9110, 8.6"
    case .transferEncoding, .transferEncodingInVersion10, .transferEncodingAndLength,
      .chunkedTwice, .unknownTransferCoding:
      "RFC 9112, 6.1"
    case .chunkedNotLast: "RFC 9112, 6.3"
    case .chunkSize, .chunkSizeTooLarge, .chunkEnd: "RFC 9112, 7.1"
    case .chunkLine, .chunkLineTooLong: "RFC 9112, 7.1.1"
    case .endedEarly: "RFC 9112, 8"
    }
  }
}
