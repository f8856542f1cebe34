/// What an `HTTPReader` has to know of the message that it reads: the request that is answered, and a
/// header to look for. The caller passes it with every call until the head has been read. A reader does
/// not keep it, so that the reader of each connection stays small.
@safe
package struct HTTPQuestion {
  /// The method of the request that the response answers. A server's reader ignores it.
  package var method: HTTPMethod
  /// The name of the header to look for, in lower case; at most 254 bytes. Empty for none.
  package var name: UnsafeRawBufferPointer
  /// The value that the header should have, without white space around it; at most 254 bytes.
  package var value: UnsafeRawBufferPointer

  /// A question that looks for no header.
  package init(method: HTTPMethod = .get) {
    self.method = method
    unsafe name = UnsafeRawBufferPointer(start: nil, count: 0)
    unsafe value = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// - Parameters:
  ///   - name: its memory must live as long as the question, as must that of `value`.
  package init(
    method: HTTPMethod = .get, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
  ) {
    self.method = method
    unsafe self.name = unsafe name
    unsafe self.value = unsafe value
  }

  var asksForField: Bool { unsafe !name.isEmpty }

  /// Whether the name has this byte at this place.
  func hasName(_ byte: UInt8, at place: UInt8) -> Bool {
    unsafe Int(place) < name.count && name[Int(place)] == byte
  }

  func isName(ofCount place: UInt8) -> Bool { unsafe name.count == Int(place) }

  /// Whether the value has this byte at this place.
  func hasValue(_ byte: UInt8, at place: UInt8) -> Bool {
    unsafe place < 255 && Int(place) < value.count && value[Int(place)] == byte
  }

  func isValue(ofCount place: UInt8) -> Bool { unsafe value.count == Int(place) }
}
