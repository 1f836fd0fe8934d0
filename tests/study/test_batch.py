import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future

import pytest

from nasutils.errors import JobError
from nasutils.study import batch, provenance
from nasutils.study.batch import _is_lost, _outcome, run_tasks
from nasutils.study.work import Outcome, work

JOB_FILE = "notebook: tiny\nscale: demo\nparams: {act: wait}\ngrid: {seed: [0, 1, 2]}\n"


def hidden(root):
    return list((root / "runs").glob("tiny/.*"))


def test_failed_and_killed_jobs_stop_no_other(task, root):
    """A worker killed by -9 costs only the job that gets it killed twice."""
    (root / "flag").touch()
    tasks = [
        task(act="kill"),
        task(act="kill once"),
        task(act="fail"),
        task(seed=1),
        task(seed=1),
    ]
    reported: list[Outcome] = []
    outcomes = run_tasks(tasks, workers=2, report=reported.append)
    assert [outcome.status for outcome in outcomes] == [
        "failed", "finished", "failed", "finished",
    ]  # fmt: skip
    assert "worker process was killed, twice" in outcomes[0].error
    assert "cell 3, line 4" in outcomes[2].error
    assert sorted(outcome.job.key for outcome in reported) == sorted(
        outcome.job.key for outcome in outcomes
    )
    assert all(provenance.status(outcome.folder) == outcome.status for outcome in outcomes[1:])

    again = run_tasks(tasks[1:2] + tasks[3:], workers=2)
    assert {outcome.status for outcome in again} == {"skipped"}


def test_checked_before_anything_starts(task, root):
    tasks = [task(seed=1), task(seed=2, script=False)]
    (root / "notebooks" / "00_tiny.ipynb").unlink()
    with pytest.raises(JobError, match="does not exist"):
        run_tasks(tasks)
    assert not (root / "runs").exists()


@pytest.mark.parametrize(
    ("signum", "options"), [(signal.SIGINT, []), (signal.SIGTERM, ["--as-script"])]
)
def test_interrupted_batch_leaves_nothing_half_written(root, task, signum, options):
    """Two of three jobs wait when the signal comes; the next call does what is left."""
    (root / "notebooks" / "jobs" / "grid.yaml").write_text(JOB_FILE)
    flag = root / "flag"
    command = [sys.executable, "-m", "nasutils", "batch", "grid", *options]
    assert work(task(act="wait", seed=0)).status == "finished"

    flag.touch()
    process = subprocess.Popen(
        [*command, "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell in the background starts its jobs deaf to SIGINT, these tests among them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not (pid := flag.read_text()).endswith("\n"):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signum)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted: finished jobs are kept" in output
    assert hidden(root) == []
    assert len(list((root / "runs" / "tiny").iterdir())) == 1
    wait_for_end(int(pid))

    flag.unlink()
    resumed = subprocess.run([*command, "--as-script"], capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert "2 finished, 1 finished before, 0 failed" in resumed.stdout


def wait_for_end(pid):
    """Wait until the process that ran the cell is gone; fail if it stays."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} survived the interruption")


def test_dask_gives_the_same(task):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        tasks = [task(seed=1), task(act="fail")]
        outcomes = run_tasks(tasks, dask=cluster.scheduler_address)
    assert [outcome.status for outcome in outcomes] == ["finished", "failed"]
    assert "cell 3, line 4" in outcomes[1].error


def test_dask_interrupted(task):
    distributed = pytest.importorskip("distributed")

    def interrupt(outcome):
        raise KeyboardInterrupt

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
    ) as cluster:
        tasks = [task(seed=1), task(seed=2), task(seed=3)]
        with pytest.raises(KeyboardInterrupt):
            run_tasks(tasks, dask=cluster.scheduler_address, report=interrupt)


def test_a_lost_scheduler_is_told(task):
    future = Future()
    future.cancel()
    assert not _is_lost(future)
    outcome = _outcome(future, task())
    assert (outcome.status, outcome.error) == (
        "failed", "the scheduler was lost before the job had ended",
    )  # fmt: skip


def test_dask_that_does_not_answer(task, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(batch, "DASK_TIMEOUT", 0.2)
    with pytest.raises(JobError, match="no Dask scheduler answers at"):
        run_tasks([task()], dask="nowhere:-1")
