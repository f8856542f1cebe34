import Foundation
import FoundationXML
import Judgement
import Recording
import Report

/// The files of a run can be read, and say the same as the run did when it ended.
extension Oracle {
  func checkFiles() {
    do {
      let read = try Recording.read(from: file)
      if writeError != nil {
        expect(!read.complete, "reread", "the recording lacks the end of its run, and is complete")
        return checkDocument()
      }
      let again = judge(read)
      expect(
        again.verdict == judgement.verdict && again.exitCode == judgement.exitCode, "reread",
        "\(judgement.verdict) \(judgement.exitCode) became \(again.verdict) \(again.exitCode)")
      expect(
        again.headline == judgement.headline, "reread",
        "\"\(judgement.headline)\" became \"\(again.headline)\"")
      expect(read.complete, "reread", "the recording is not complete")
    } catch {
      expect(false, "reread", "\(error)")
    }
    checkDocument()
  }

  private func checkDocument() {
    let document = junit(recording, judgement, files: OutputFiles(junit: "", directory: ""))
    let parser = XMLParser(data: Data(document))
    let cases = FailureCounter()
    parser.delegate = cases
    expect(parser.parse(), "xml", "it is not well-formed")
    let fails = judgement.exitCode != 0
    expect(
      cases.failed > 0 || !fails, "xml", "exit \(judgement.exitCode), and no case failed")
    expect(
      cases.failed == 0 || fails, "xml", "exit 0, and \(cases.failed) cases failed")
  }
}

/// Counts the failures and errors of a JUnit document.
private final class FailureCounter: NSObject, XMLParserDelegate {
  var failed = 0

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    if name == "failure" || name == "error" { failed += 1 }
  }
}
