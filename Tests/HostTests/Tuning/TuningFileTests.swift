import Testing

@testable import Host

@Suite struct TuningFileTests {
  private static let watches = SettingChange(
    .sysctl, "fs.epoll.max_user_watches", from: 100000, to: 2200000)
  private static let files = SettingChange(
    .sysctl, "fs.file-max", from: 400000, to: 2300000)
  private static let descriptors = SettingChange(
    .descriptorLimit, "nofile", from: 1024, to: 1000007)
  private static let all = [descriptors, watches, files]

  @Test func `sysctl names every kernel setting, with its value before and the way back`() {
    #expect(
      TuningFile.sysctl.text(Self.all) == """
        # Install as /etc/sysctl.d/90-runner.conf, then: sysctl --system
        # Undo: run the commands that stand behind "undo:" below, then remove the file
        # now 100000; undo: sysctl -w fs.epoll.max_user_watches=100000
        fs.epoll.max_user_watches = 2200000
        # now 400000; undo: sysctl -w fs.file-max=400000
        fs.file-max = 2300000

        """)
  }

  @Test func `limits are those of a login, root's included`() {
    #expect(
      TuningFile.limits.text(Self.all) == """
        # Install as /etc/security/limits.d/90-runner.conf, then: log in again
        # Undo: rm /etc/security/limits.d/90-runner.conf, then: log in again
        * soft nofile 1000007
        * hard nofile 1000007
        root soft nofile 1000007
        root hard nofile 1000007

        """)
  }

  @Test func `systemd's is that of a service`() {
    let path = "/etc/systemd/system/SERVICE.service.d/90-runner.conf"
    let install = "systemctl daemon-reload && systemctl restart SERVICE"
    #expect(
      TuningFile.systemd.text(Self.all) == """
        # Install as \(path), then: \(install)
        # Undo: rm \(path), then: \(install)
        [Service]
        LimitNOFILE=1000007

        """)
  }

  @Test func `a bound of processes is set as one of descriptors is`() {
    let processes = [SettingChange(.processLimit, "nproc", from: 10, to: 40)]
    #expect(TuningFile.limits.text(processes).contains("root hard nproc 40\n"))
    #expect(TuningFile.systemd.text(processes).hasSuffix("[Service]\nLimitNPROC=40\n"))
  }

  @Test(arguments: TuningFile.allCases)
  func `a file with nothing to change is comments alone`(file: TuningFile) {
    let others = file == .sysctl ? [Self.descriptors] : [Self.watches]
    for changes in [[], others] {
      let lines = file.text(changes).split(separator: "\n")
      #expect(lines.count == 3)
      #expect(lines.allSatisfy { $0.hasPrefix("#") })
      #expect(lines.last == "# Nothing of this kind needs to change.")
    }
  }
}
