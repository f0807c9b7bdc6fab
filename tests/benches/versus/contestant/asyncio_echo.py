"""asyncio. Arguments: asyncio or uvloop; tcp, udp or unix; a path."""

import asyncio
import sys

from compute import compute

kind, network, *path = sys.argv[1:]


async def work(message):
    if message[:1] == b"s":
        await asyncio.sleep(0.01)
    elif message[:1] == b"c":
        compute()


async def stream(reader, writer):
    # asyncio sets TCP_NODELAY itself.
    while message := await reader.read(1024):
        await work(message)
        writer.write(message)
        await writer.drain()
    writer.close()


class Datagram(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
        self.tasks = set()

    def datagram_received(self, message, client):
        task = asyncio.ensure_future(self.answer(message, client))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, message, client):
        await work(message)
        self.transport.sendto(message, client)


async def main():
    local = ("127.0.0.1", 0)
    if network == "tcp":
        server = await asyncio.start_server(stream, *local, backlog=4096)
        address = server.sockets[0].getsockname()
    elif network == "unix":
        server = await asyncio.start_unix_server(stream, path[0], backlog=4096)
    else:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Datagram, local)
        address = transport.get_extra_info("sockname")
    print(path[0] if path else "%s:%d" % address, flush=True)
    await asyncio.Event().wait()


if kind == "uvloop":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
asyncio.run(main())
