import Foundation

/// The Python package `websockets`, as a server and as a client. The scripts go with its versions from 10 on.
enum PythonWebSockets {
  /// Whether python3 has it.
  static let isThere: Bool = {
    guard let python = ForeignServer.path(of: "python3") else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", "import websockets"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// Arguments: host, port, what it does, and from which connection on. Connections that ask whether it listens
  /// open no WebSocket.
  static let server = """
    import asyncio, http, sys, websockets
    host, port, manner = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    most = int(sys.argv[4]) if len(sys.argv) > 4 else 10**9
    asked = opened = 0

    async def handle(socket, *_):
        global opened
        opened += 1
        if manner.isdigit() and opened > most:
            return await socket.close(int(manner), "no more than %d" % most)
        async for message in socket:
            if manner == "fragments":
                size = max(1, len(message) // 3)
                await socket.ping()
                await socket.send([message[i:i + size] for i in range(0, len(message), size)])
            else:
                await socket.send(message)

    def admit(*arguments):
        global asked
        asked += 1
        if manner != "refuse" or asked <= most:
            return None
        if hasattr(arguments[0], "respond"):
            return arguments[0].respond(http.HTTPStatus(503), "full\\n")
        return http.HTTPStatus(503), [], b"full\\n"

    async def admit_later(*arguments):
        return admit(*arguments)

    async def main():
        old = int(websockets.version.version.split(".")[0]) < 14
        async with websockets.serve(
            handle, host, port, max_size=None, subprotocols=["chat"], backlog=1000,
            ping_interval=0.2 if manner == "pings" else 20,
            process_request=admit_later if old else admit):
            await asyncio.get_running_loop().create_future()

    asyncio.run(main())

    """

  /// Arguments: a URL. Prints what it hears.
  static let client = """
    import asyncio, sys, websockets

    async def main():
        async with websockets.connect(sys.argv[1], max_size=None, subprotocols=["chat"]) as socket:
            for message in ["hello", b"\\x00\\xff", "x" * 300000, "", "größer"]:
                await socket.send(message)
                heard = await socket.recv()
                print(type(message) is type(heard) and message == heard)
            await socket.send(["in ", "three ", "fragments"])
            print(await socket.recv())
            await (await socket.ping(b"there?"))
            await socket.close(1000, "done")
            print(socket.close_code)

    asyncio.run(main())

    """
}

extension ForeignServer {
  /// A server of the package `websockets`; see its script.
  static func webSockets(
    _ manner: String, from number: Int? = nil, at network: Loopback, in workspace: Workspace
  ) throws -> ForeignServer {
    try workspace.write(PythonWebSockets.server, to: "server.py")
    return try ForeignServer(
      "python3",
      ["server.py", network.listen, "\(network.port)", manner] + (number.map { ["\($0)"] } ?? []),
      at: network, in: workspace.directory)
  }
}
