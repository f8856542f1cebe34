import CLibXML2

/// A finished tree of markup, which libxml2 writes as bytes.
struct Document {
  enum Dialect {
    /// UTF-8 with its declaration, indented.
    case xml
    /// HTML5, elements on lines of their own.
    case html
  }

  let root: Element
  let dialect: Dialect

  init(_ dialect: Dialect, _ root: Element) {
    self.dialect = dialect
    self.root = root
  }

  /// The document in UTF-8, ending with a newline.
  func bytes() -> [UInt8] {
    guard let document = unsafe makeDocument(), let buffer = unsafe xmlBufferCreate() else {
      preconditionFailure("libxml2 is out of memory")
    }
    defer {
      unsafe xmlBufferFree(buffer)
      unsafe xmlFreeDoc(document)
    }
    _ = unsafe xmlDocSetRootElement(document, node(for: root, in: document))
    switch dialect {
    case .xml: unsafe writeXML(document, to: buffer)
    case .html: unsafe writeHTML(document, to: buffer)
    }
    let content = unsafe UnsafeBufferPointer(
      start: xmlBufferContent(buffer), count: Int(xmlBufferLength(buffer)))
    var bytes = unsafe Array(content)
    if bytes.last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    return bytes
  }

  private func makeDocument() -> xmlDocPtr? {
    switch dialect {
    case .xml: return unsafe xmlNewDoc("1.0")
    case .html:
      let document = unsafe htmlNewDocNoDtD(nil, nil)
      unsafe xmlCreateIntSubset(document, "html", nil, nil)
      return unsafe document
    }
  }

  private func node(for element: Element, in document: xmlDocPtr) -> xmlNodePtr? {
    let node = unsafe xmlNewDocNode(document, nil, element.name, nil)
    for attribute in element.attributes {
      _ = unsafe xmlNewProp(node, attribute.name, sanitised(attribute.value))
    }
    // libxml2 indents XML itself. Its HTML writer does not know sections or SVG, so the line breaks
    // around their children are added here.
    let breaksLines = dialect == .html && element.holdsOnlyElements
    for child in element.children {
      if breaksLines { _ = unsafe xmlAddChild(node, xmlNewDocText(document, "\n")) }
      switch child {
      case .element(let child): _ = unsafe xmlAddChild(node, self.node(for: child, in: document))
      case .text(let text):
        _ = unsafe xmlAddChild(node, xmlNewDocText(document, sanitised(text)))
      }
    }
    if breaksLines { _ = unsafe xmlAddChild(node, xmlNewDocText(document, "\n")) }
    return unsafe node
  }

  private func writeXML(_ document: xmlDocPtr, to buffer: xmlBufferPtr) {
    let options = Int32(XML_SAVE_FORMAT.rawValue)
    let context = unsafe xmlSaveToBuffer(buffer, "UTF-8", options)
    _ = unsafe xmlSaveDoc(context, document)
    _ = unsafe xmlSaveClose(context)
  }

  /// Writes the document as a node: libxml2's writer of whole documents would add a second `meta`
  /// for the charset.
  private func writeHTML(_ document: xmlDocPtr, to buffer: xmlBufferPtr) {
    let output = unsafe xmlOutputBufferCreateBuffer(buffer, nil)
    unsafe document.withMemoryRebound(to: xmlNode.self, capacity: 1) { node in
      unsafe htmlNodeDumpFormatOutput(output, document, node, "UTF-8", 0)
    }
    _ = unsafe xmlOutputBufferClose(output)
  }
}

extension Element {
  fileprivate var holdsOnlyElements: Bool {
    !children.isEmpty
      && children.allSatisfy { if case .element = $0 { true } else { false } }
  }
}
