import Linux
import Testing

@Suite struct ErrnoNameTests {
  @Test(
    arguments: [
      (24, "EMFILE", "Too many open files"), (23, "ENFILE", "Too many open files in system"),
      (28, "ENOSPC", "No space left on device"),
      (99, "EADDRNOTAVAIL", "Cannot assign requested address"),
      (4711, "errno 4711", "Unknown error 4711"),
    ] as [(Int32, String, String)])
  func `knows the symbol and the text`(number: Int32, symbol: String, text: String) {
    #expect(ErrnoName.symbol(of: number) == symbol)
    #expect(ErrnoName.text(of: number) == text)
  }
}
