import CLibXML2
import Foundation

/// An element as a parser sees it, which is not how it was written.
struct XMLNode {
  enum Grammar {
    case xml, html
  }

  struct Malformed: Error {}

  let name: String
  /// Tells it from every other element of its document.
  let identity: UnsafeRawPointer
  let attributes: [String: String]
  let children: [XMLNode]
  /// All text below it.
  let text: String

  subscript(attribute: String) -> String? { attributes[attribute] }

  func children(named name: String) -> [XMLNode] { children.filter { $0.name == name } }

  /// The element and all below it, in document order.
  var all: [XMLNode] { [self] + children.flatMap(\.all) }

  static func parse(_ bytes: [UInt8], as grammar: Grammar = .xml) throws -> XMLNode {
    let document = bytes.withUnsafeBytes { buffer in
      let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      let count = Int32(buffer.count)
      return switch grammar {
      case .xml: xmlReadMemory(start, count, nil, nil, Int32(XML_PARSE_NONET.rawValue))
      case .html:
        htmlReadMemory(
          start, count, nil, "UTF-8",
          Int32(HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue))
      }
    }
    defer { xmlFreeDoc(document) }
    guard let root = xmlDocGetRootElement(document) else { throw Malformed() }
    return XMLNode(root)
  }

  private init(_ node: xmlNodePtr) {
    identity = UnsafeRawPointer(node)
    name = String(cString: UnsafeRawPointer(node.pointee.name).assumingMemoryBound(to: CChar.self))
    var attributes: [String: String] = [:]
    var attribute = node.pointee.properties
    while let current = attribute {
      let key = string(current.pointee.name)
      attributes[key] = content(current.pointee.children)
      attribute = current.pointee.next
    }
    self.attributes = attributes
    var children: [XMLNode] = []
    var child = node.pointee.children
    while let current = child {
      if current.pointee.type == XML_ELEMENT_NODE { children.append(XMLNode(current)) }
      child = current.pointee.next
    }
    self.children = children
    text = content(node)
  }
}

private func string(_ text: UnsafePointer<xmlChar>?) -> String {
  guard let text else { return "" }
  return String(
    decoding: UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text))), as: UTF8.self)
}

private func content(_ node: xmlNodePtr?) -> String {
  guard let node, let content = xmlNodeGetContent(node) else { return "" }
  defer { free(content) }
  return string(content)
}

/// A schema to validate against, through libxml2 itself.
struct XMLSchema: Sendable {
  private let path: String

  /// Jenkins' own, where it can be found.
  static let jenkins: XMLSchema? = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let candidates = [
      ProcessInfo.processInfo.environment["RUNNER_JUNIT_XSD"],
      root.appending(path: "../shared/junit/jenkins-junit-10.xsd").standardized.path(),
    ]
    return candidates.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
      .map(XMLSchema.init)
  }()

  private init(path: String) { self.path = path }

  /// What is wrong with a document; empty when it is valid.
  func errors(in bytes: [UInt8]) -> [String] {
    let parser = xmlSchemaNewParserCtxt(path)
    defer { xmlSchemaFreeParserCtxt(parser) }
    guard let schema = xmlSchemaParse(parser) else { return ["unreadable schema: \(path)"] }
    defer { xmlSchemaFree(schema) }
    let document = bytes.withUnsafeBytes {
      xmlReadMemory(
        $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count), nil, nil,
        Int32(XML_PARSE_NONET.rawValue))
    }
    defer { xmlFreeDoc(document) }
    guard let document else { return ["not well-formed"] }
    let context = xmlSchemaNewValidCtxt(schema)
    defer { xmlSchemaFreeValidCtxt(context) }
    let errors = Errors()
    let report: xmlStructuredErrorFunc = { sink, error in
      guard let sink, let message = error?.pointee.message else { return }
      Unmanaged<Errors>.fromOpaque(sink).takeUnretainedValue().messages
        .append(String(cString: message))
    }
    xmlSchemaSetValidStructuredErrors(context, report, Unmanaged.passUnretained(errors).toOpaque())
    let result = withExtendedLifetime(errors) { xmlSchemaValidateDoc(context, document) }
    return result == 0 ? [] : errors.messages + ["invalid (\(result))"]
  }

  private final class Errors {
    var messages: [String] = []
  }
}
