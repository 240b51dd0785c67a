"""Links between single machines that end, or that hang while their ends think that they are up, as a tunnel's does."""
import asyncio
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from chain import BIN

LIBRARY = BIN / "other_way.so"


class Ways:
    """What the machines dial that were started with its environment, once lead() has said through where."""

    def __init__(self, folder):
        assert LIBRARY.exists(), f"{LIBRARY} is not built: it is the target other_way"
        self.folder = Path(folder)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "OTHER_WAY": folder}
        self.state = "open"
        self.links = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def lead(self, name, port):
        """From now on what `name` dials at `port` comes through here."""

        async def begin():
            return await asyncio.start_server(lambda *ends: self.carry(port, *ends), "127.0.0.1", 0)

        server = asyncio.run_coroutine_threadsafe(begin(), self.loop).result()
        (self.folder / name).write_text(f"{port} {server.sockets[0].getsockname()[1]}\n")

    def set(self, state):
        """open; cut: links end and are refused; hung: nothing that is said arrives; deaf: no answer does."""

        def change():
            self.state = state
            for link in self.links if state == "cut" else ():
                link.transport.abort()

        self.loop.call_soon_threadsafe(change)

    async def carry(self, port, reader, writer):
        if self.state == "cut":
            return writer.transport.abort()
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return writer.transport.abort()
        self.links |= {writer, there_writer}
        await asyncio.gather(self.pump(reader, there_writer, {"open", "deaf"}), self.pump(there_reader, writer, {"open"}))
        self.links -= {writer, there_writer}

    async def pump(self, reader, writer, carries):
        try:
            while data := await reader.read(65536):
                # What was said meanwhile is gone.
                if self.state in carries:
                    writer.write(data)
        except ConnectionError:
            pass
        writer.transport.abort()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


@contextmanager
def ways():
    with tempfile.TemporaryDirectory(prefix="ways-") as folder:
        made = Ways(folder)
        try:
            yield made
        finally:
            made.close()
