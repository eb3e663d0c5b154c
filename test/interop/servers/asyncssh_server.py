"""AsyncSSH: a server that runs commands by /bin/sh. Arguments: host key, authorized keys. Prints its port."""
import asyncio
import sys

import asyncssh


async def handle(process):
    child = await asyncio.create_subprocess_exec(
        '/bin/sh', '-c', process.command or 'true',
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    async def feed():
        while data := await process.stdin.read(65536):
            child.stdin.write(data)
        child.stdin.close()

    async def copy(source, target):
        while data := await source.read(65536):
            target.write(data)

    feeding = asyncio.create_task(feed())
    await asyncio.gather(copy(child.stdout, process.stdout), copy(child.stderr, process.stderr))
    feeding.cancel()
    process.exit(await child.wait())


async def main():
    host_key, authorized = sys.argv[1:3]
    server = await asyncssh.listen(
        '127.0.0.1', 0,
        server_host_keys=[host_key],
        authorized_client_keys=authorized,
        process_factory=handle,
        encoding=None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()


asyncio.run(main())
