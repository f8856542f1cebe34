import CLibXML2
import Glibc

extension Element {
  struct Malformed: Error {}

  /// The tree of a file that `Document` has written as XML: elements, attributes and text, without
  /// the white space that indents them.
  init(reading bytes: [UInt8]) throws(Malformed) {
    // libxml2's messages about a broken file quote it, and would reach the terminal unescaped. So
    // they are off.
    let options = [
      XML_PARSE_NONET, XML_PARSE_NOBLANKS, XML_PARSE_NOERROR, XML_PARSE_NOWARNING,
    ].reduce(0) { $0 | Int32($1.rawValue) }
    let document = unsafe bytes.withUnsafeBytes { buffer in
      let text = unsafe buffer.bindMemory(to: CChar.self).baseAddress
      return unsafe xmlReadMemory(text, Int32(clamping: buffer.count), nil, nil, options)
    }
    defer { unsafe xmlFreeDoc(document) }
    guard let root = unsafe xmlDocGetRootElement(document) else { throw Malformed() }
    unsafe self.init(root)
  }

  private init(_ node: xmlNodePtr) {
    var attributes: [Attribute] = []
    var attribute = unsafe node.pointee.properties
    while let current = unsafe attribute {
      unsafe attributes.append(
        Attribute(
          name: string(current.pointee.name), value: content(of: current.pointee.children)))
      unsafe attribute = current.pointee.next
    }
    var children: [Node] = []
    var child = unsafe node.pointee.children
    while let current = unsafe child {
      switch unsafe current.pointee.type {
      case XML_ELEMENT_NODE: unsafe children.append(.element(Element(current)))
      case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
        unsafe children.append(.text(content(of: current)))
      default: break
      }
      unsafe child = current.pointee.next
    }
    unsafe self.init(name: string(node.pointee.name), attributes: attributes, children: children)
  }

  private init(name: String, attributes: [Attribute], children: [Node]) {
    self.name = name
    self.attributes = attributes
    self.children = children
  }
}

private func string(_ text: UnsafePointer<xmlChar>?) -> String {
  guard let text = unsafe text else { return "" }
  return unsafe String(
    decoding: UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text))), as: UTF8.self)
}

private func content(of node: xmlNodePtr?) -> String {
  guard let node = unsafe node, let content = unsafe xmlNodeGetContent(node) else { return "" }
  // libxml2's `xmlFree` is free(3) unless a program replaces it, and this one does not.
  defer { unsafe free(content) }
  return unsafe string(content)
}
