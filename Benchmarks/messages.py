"""What a message and its answer cost."""
import signal
import socket
import subprocess
import time

from bench import NotMeasured, RUNNER, Row, output

RATE = Row("round trips", "rate", 1e-3, "thousand/s", at_least=0.95)
COST = [Row("processor time of one", "cpu", 1e6, "µs"), Row("of it user", "user", 1e6, "µs")]


def echo(bench):
    # More pairs where nothing ever waits: every neighbour on a shared machine shows.
    for connections, processes, seconds, pairs in (
            (1000, 1, 3, 3 * bench.pairs), (100_000, 6, 6, bench.pairs)):
        bench.compare(
            f"Echo of 64 bytes, {connections:,} connections, {processes} + {processes} processes, "
            f"as fast as answers come, {pairs} pairs",
            lambda: bench.c("echo", connections, seconds, processes),
            lambda: exchanged(bench, connections=connections, processes=processes,
                              **{"for": f"{seconds}s"}),
            [RATE, *COST], pairs)


def websocket(bench):
    """WebSockets beside plain TCP. A message of 64 bytes is 70 there and 66 back on the wire, so plain ones have 68."""
    for connections, processes, pairs in ((1000, 1, 3 * bench.pairs), (100_000, 6, bench.pairs)):
        bench.compare(
            f"Echo of as many bytes on the wire, {connections:,} connections, {processes} + {processes} processes, "
            f"as fast as answers come, {pairs} pairs",
            lambda: exchanged(bench, connections=connections, processes=processes, size="68B"),
            lambda: exchanged(bench, connections=connections, processes=processes, protocol="websocket"),
            [RATE, *COST], pairs, ("raw", "websocket"))


def pace(bench):
    """At a fixed rate; once more beside a C program that waits awake as runner does."""
    rows = [Row("round trips", "rate", 1e-3, "thousand/s"), Row("p50", "p50", 1e3, "ms"),
            Row("p90", "p90", 1e3, "ms"), Row("p99", "p99", 1e3, "ms", at_most=1.0), *COST]
    unbound = [Row("p50", "p50", 1e3, "ms"), Row("p99", "p99", 1e3, "ms"), *COST]
    for connections, processes, awake, seconds, pairs in (
            (1000, 1, 0, 2, 3 * bench.pairs), (1000, 1, 50_000, 4, bench.pairs),
            (100_000, 6, 0, 4, min(3, bench.pairs))):
        name = "C, awake" if awake else "C"
        bench.compare(
            f"Echo of 64 bytes, {connections:,} connections, {processes} + {processes} processes, "
            f"50,000/s, {pairs} pairs",
            lambda: bench.c("echo", connections, seconds, processes, 50_000, awake),
            lambda: exchanged(bench, connections=connections, processes=processes, pace="50k/s",
                              **{"for": f"{seconds}s"}),
            rows if processes == 1 and not awake else unbound, pairs, (name, "runner"))


def exchanged(bench, **settings):
    result = bench.plan("echo", **settings)
    if result["messages"]["lost"]:
        raise NotMeasured(f"{result['messages']['lost']} messages were lost")
    with bench.recording("echo") as recording:
        hold = recording.execute(
            "SELECT started, ended FROM phase WHERE name = 'hold'").fetchone()

        def gained(name, label):
            return recording.execute(
                "SELECT max(value) - min(value) FROM reading WHERE name = ? AND label = ?"
                " AND at BETWEEN ? AND ?", (name, label, *hold)).fetchone()[0]

        both = gained("processor", "client") + gained("processor", "server")
        during = gained("messages.received", "echo")
        # What is still on its way at the end is no round trip yet.
        returned = recording.execute(
            "SELECT max(value) FROM reading WHERE name = 'messages.received' AND at <= ?",
            hold[1:]).fetchone()[0]
        user = recording.execute("SELECT sum(user_time) FROM worker").fetchone()[0]
    rtt = result["rtt"]
    return {"rate": returned / (hold[1] - hold[0]), "cpu": both / during,
            "user": user / result["messages"]["received"],
            "p50": rtt["p50"], "p90": rtt["p90"], "p99": rtt["p99"]}


def timer(bench):
    print("\nHow late a process wakes whose wait ends by its timeout, in C")
    for length, (median, most) in bench.c("timer").items():
        bench.line(f"a wait of {length}", f"{median * 1e6:.0f} µs, 90th percentile "
                                          f"{most * 1e6:.0f} µs")


def http(bench):
    """wrk and runner against the same server, with the same request on 1,000 connections."""
    server = subprocess.Popen(
        [RUNNER, "serve", "--listen", "127.0.0.1:9800", "--processes", "1", "--protocol", "http",
         "--reply", "send:ok"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("127.0.0.1", 9800)

        def wrk():
            text = output(["wrk", "-t1", "-c1000", "-d4s", "http://127.0.0.1:9800/"])
            rate = next(line for line in text.splitlines() if line.startswith("Requests/sec"))
            return {"rate": float(rate.split(":")[1])}

        bench.compare(
            "GET on 1,000 connections to runner serve", wrk,
            lambda: {"rate": bench.plan("http")["messages"]["rate"]},
            [Row("requests", "rate", 1e-3, "thousand/s")], names=("wrk", "runner"))
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def wait_for(host, port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        time.sleep(0.05)
    raise NotMeasured(f"nobody listens on {host}:{port}")
