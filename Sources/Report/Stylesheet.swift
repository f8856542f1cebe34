/// The bytes of `report.css`, which every HTML report expects beside it: a file of its own,
/// because the policies that CI servers put on artifacts forbid inline styles.
package let stylesheet: [UInt8] = PackageResources.report_css
