import Addressing
import Plan

/// The input is a text, read as an address, a range of addresses, an endpoint, ports, an address to listen at
/// and a target.
func addressesFinding(in bytes: [UInt8]) -> String? {
  let text = String(decoding: bytes, as: UTF8.self)
  return addressFinding(text) ?? rangeFinding(text) ?? endpointFinding(text) ?? portsFinding(text)
    ?? listenFinding(text) ?? targetFinding(text)
}

private func addressFinding(_ text: String) -> String? {
  guard let address = IPAddress(text) else { return nil }
  if !isPlain(text) { return "the address \(text.debugDescription) is read as \(address)" }
  if IPAddress("\(address)") != address { return "\(address) reads as another address" }
  return address.unmapped.unmapped == address.unmapped ? nil : "\(address) unmaps twice"
}

private func rangeFinding(_ text: String) -> String? {
  do {
    let range = try AddressRange(text)
    if !isPlain(text) { return "the range \(text.debugDescription) is read as \(range)" }
    guard (1...AddressRange.largest).contains(range.count) else { return "\(range) is too large" }
    let again = try AddressRange("\(range)")
    if again != range { return "\(range) reads as \(again)" }
    let spans = AddressSpan.spans(of: [range.first, range[range.count - 1]])
    return spans.allSatisfy { !$0.contains(range.first) } ? "\(range) has no span" : nil
  } catch {
    return nil
  }
}

private func endpointFinding(_ text: String) -> String? {
  guard let endpoint = SocketAddress(text) else { return nil }
  if !isPlain(text) { return "the endpoint \(text.debugDescription) is read as \(endpoint)" }
  return SocketAddress("\(endpoint)") == endpoint ? nil : "\(endpoint) reads as another endpoint"
}

private func portsFinding(_ text: String) -> String? {
  do {
    let range = try CommandLineValue.ports(text)
    if range.lowerBound == 0 || !isPlain(text) { return "\(text) is read as ports \(range)" }
    let others = PortSet(range).subtracting([range.lowerBound...range.lowerBound])
    return others.count == range.count - 1 ? nil : "\(range) loses ports"
  } catch {
    return flaw(of: error)
  }
}

private func listenFinding(_ text: String) -> String? {
  do {
    let (addresses, port) = try CommandLineValue.listen(text)
    if port == 0 || !isPlain(text) { return "\(text) is listened at as \(addresses) \(port)" }
    let endpoints = EndpointRange(addresses, port: port)
    guard endpoints.count >= addresses.count else { return "\(text) has fewer endpoints" }
    _ = (endpoints[0], endpoints[endpoints.count - 1])
    return nil
  } catch {
    return flaw(of: error)
  }
}

private func targetFinding(_ text: String) -> String? {
  do {
    let target = try CommandLineValue.target(text)
    if target.port == 0 { return "\(text) has no port" }
    let again = try CommandLineValue.target("\(target)")
    return again == target ? nil : "\(target) reads as \(again)"
  } catch {
    return flaw(of: error)
  }
}

/// What is wrong with the error for which a value of the command line is refused; nil when nothing is.
private func flaw(of error: CommandLineValue.Wrong) -> String? {
  let words = "\(error)"
  return words.isEmpty || words.drivesTerminal ? "is refused as \(words.debugDescription)" : nil
}

/// Whether a text has only characters with which addresses and ports are written.
private func isPlain(_ text: String) -> Bool {
  text.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."), UInt8(ascii: ":"),
      UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "-"), UInt8(ascii: "/"),
      UInt8(ascii: " "):
      true
    default: false
    }
  }
}
