"""A command of Flatland in a folder of its own, on the CPU."""
import os
import subprocess
import time


class Refused(Exception):
    """The command failed, with what it said."""


def flatland(args, folder, *command):
    """The seconds of a command. `args` has the program `flatland` and the number of `threads`."""
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    line = [str(args.flatland), *map(str, command), "--device", "cpu", "--threads", str(args.threads)]
    start = time.perf_counter()
    done = subprocess.run(line, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip()
        raise Refused(said[said.rfind("error:") :].removeprefix("error:").strip() or f"ended with {done.returncode}")
    return time.perf_counter() - start
