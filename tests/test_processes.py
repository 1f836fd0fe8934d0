"""Workers end with the process that started them, however it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

PARENT = """
import os, sys, time
from nasutils.processes import local_executor

def work(path):
    with open(path, "w") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(60)

if __name__ == "__main__":
    with local_executor(2) as pool:
        list(pool.map(work, sys.argv[1:]))
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_no_worker_survives(tmp_path, signum):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    notes = [tmp_path / "a", tmp_path / "b"]
    parent = subprocess.Popen(
        [sys.executable, script, *notes],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not all(note.is_file() and note.read_text().endswith("\n") for note in notes):
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signum)
    parent.wait(timeout=60)
    for note in notes:
        assert ends(int(note.read_text()))


def ends(pid):
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
