/// A zlib stream (RFC 1950) that holds the bytes uncompressed, in stored blocks (RFC 1951, section
/// 3.2.4). Any zlib reads it. Compressing would take a library and gain little, since the exported
/// histograms are small already.
func storedZlib(_ bytes: [UInt8]) -> [UInt8] {
  // The header: deflate with a window of 32 KiB; the fastest compression. As one big-endian number,
  // its two bytes must be a multiple of 31.
  var stream: [UInt8] = [0x78, 0x01]
  let longest = Int(UInt16.max)
  var start = 0
  repeat {
    let end = min(start + longest, bytes.count)
    let length = UInt16(end - start)
    // A stored block begins with 1 if it is the last, else with 0.
    stream.append(end == bytes.count ? 1 : 0)
    // Its length is little-endian, unlike the check sum of the stream.
    stream.append(bigEndian: length.byteSwapped)
    stream.append(bigEndian: (~length).byteSwapped)
    stream += bytes[start..<end]
    start = end
  } while start < bytes.count
  stream.append(bigEndian: adler32(bytes))
  return stream
}

/// The check sum Adler-32: RFC 1950, section 8.2.
private func adler32(_ bytes: [UInt8]) -> UInt32 {
  let modulus: UInt32 = 65_521
  var low: UInt32 = 1
  var high: UInt32 = 0
  for byte in bytes {
    low = (low + UInt32(byte)) % modulus
    high = (high + low) % modulus
  }
  return high << 16 | low
}
