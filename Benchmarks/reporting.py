"""The report of an hour: 120 workers, every series, and thresholds that ask about windows of it."""
import os
import time

from bench import HERE, RUNNER, output, spread


def report(bench):
    print("\nThe report of an hour (120 workers, every series, eight thresholds), in milliseconds")
    # The tests know how to write such a recording; an hour is too long to be waited for.
    output(["env", f"RUNNER_REPORT_PREVIEW={bench.folder}", "swift", "test",
            "--package-path", HERE.parent, "--filter", "HTMLTests"])
    times = []
    for _ in range(bench.pairs):
        before = time.monotonic()
        output([RUNNER, "report", os.path.join(bench.folder, "hour.recording"),
                "--out", os.path.join(bench.folder, "hour")])
        times.append((time.monotonic() - before) * 1e3)
    bench.line("runner report hour.recording", spread(times, 1), sorted(times)[len(times) // 2] < 1000)
