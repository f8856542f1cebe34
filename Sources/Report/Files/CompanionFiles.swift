/// The bytes of `report.css`, which every HTML report expects beside it. It is a file of its own,
/// because the content policies that CI servers put on artifacts forbid inline styles.
package let stylesheet: [UInt8] = PackageResources.report_css

/// The bytes of `report.js`, which every HTML report loads from beside it. The script adds the
/// values under the pointer, and zoom. A page without it lacks nothing else.
package let script: [UInt8] = PackageResources.report_js
