/// The bytes of `report.css`, which every HTML report expects beside it: a file of its own,
/// because the policies that CI servers put on artifacts forbid inline styles.
package let stylesheet: [UInt8] = PackageResources.report_css

/// The bytes of `report.js`, which adds to every HTML report beside it what only a script can: the
/// values under the pointer, and zoom. A page without it lacks nothing else.
package let script: [UInt8] = PackageResources.report_js
