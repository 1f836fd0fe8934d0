import pytest

from nasutils.errors import JobError, UnknownNameError
from nasutils.paths import repository_root
from nasutils.study.jobfiles import find_job_file, find_job_files, read_job_file
from nasutils.study.jobs import make_job, parse_parameters
from nasutils.study.notebooks import find_notebook, find_notebooks

NUMBERS = list(range(200))


@pytest.fixture
def tiny(root):
    return find_notebook("tiny", root)


def test_key_is_the_result_s(tiny):
    base = make_job(tiny, "demo", {})
    assert base.key == make_job(tiny, "demo", {"seed": 0}).key
    others = [make_job(tiny, "bench", {}), make_job(tiny, "demo", {"seed": 1})]
    assert len({base.key, *(job.key for job in others)}) == 3
    assert len(base.key) == 12


def test_key_is_the_declared_versions_not_the_code(root, experiments):
    def keys(**parameters):
        tiny = find_notebook("tiny", root)
        parts = ("all", "ranking", "cost", "gpu")
        return {part: make_job(tiny, "demo", {**parameters, "part": part}).key for part in parts}

    def changed(before):
        return {part for part, key in keys().items() if key != before[part]}

    before = keys()
    assert len(set(before.values())) == 4
    assert not set(keys(seed=1).values()) & set(before.values())
    # Another sentence, plot or line of code, in the notebook and in the module.
    for suffix in (".py", ".ipynb"):
        path = root / "notebooks" / f"00_tiny{suffix}"
        path.write_text(path.read_text().replace("rec.save()", "rec.save(); print()"))
    experiments.write_text(experiments.read_text().replace("...", "pass"))
    assert changed(before) == set()
    experiments.write_text(experiments.read_text().replace('"ranking", 1', '"ranking", 2'))
    assert changed(before) == {"all", "ranking"}
    before = keys()
    experiments.write_text(experiments.read_text().replace('"gpu", 1', '"gpu", 2'))
    assert changed(before) == {"gpu"}


def test_unknown_part(tiny, experiments):
    with pytest.raises(UnknownNameError, match=r"part of tiny 'rank'.*'ranking'.*all, cost, gpu"):
        make_job(tiny, "demo", {"part": "rank"})


def test_command_repeats_the_job(tiny):
    job = make_job(tiny, "bench", {"seed": 3, "act": "two words"})
    assert job.command == "nasutils run tiny --scale bench -p seed=3 -p act='two words'"
    again = make_job(tiny, "bench", parse_parameters(tiny, ["seed=3", "act=two words"]))
    assert again.key == job.key


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        (["sed=3"], UnknownNameError, "'sed'.*Did you mean 'seed'.*act, part, seed"),
        (["seed=x"], JobError, "takes int"),
        (["seed"], JobError, "name=value"),
        (["seed=1", "seed=2"], JobError, "given twice"),
        (["out=/tmp"], JobError, "set by the job"),
        (["scale=bench"], JobError, "--scale"),
    ],
)
def test_command_line_is_checked(tiny, texts, error, message):
    with pytest.raises(error, match=message):
        parse_parameters(tiny, texts)


def test_unknown_scale(tiny):
    with pytest.raises(UnknownNameError, match="demo"):
        make_job(tiny, "huge", {})


def test_job_file_makes_the_grid(root):
    path = root / "notebooks" / "jobs" / "grid.yaml"
    path.write_text(
        "notebook: tiny\nscale: bench\nparams: {}\ngrid: {act: [a, b], seed: [0, 1, 2]}\n"
    )
    jobs = read_job_file(path, root)
    values = [(job.parameters["act"], job.parameters["seed"]) for job in jobs]
    assert values == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]
    assert {job.source for job in jobs} == {"nasutils batch notebooks/jobs/grid.yaml"}
    for name in ("grid", "grid.yaml", "notebooks/jobs/grid.yaml", str(path)):
        assert find_job_file(name, root) == path


PARAMETERS = """\
rate: float = 0.1
name: str | None = None
sizes: list[int] = [1]
act: str"""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("rate", "1e-3", 0.001),
        ("rate", "2", 2.0),
        ("name", "None", None),
        ("name", "null", None),
        ("name", "2026-01-01", "2026-01-01"),
        ("name", "no", "no"),
        ("seed", "010", 10),
        ("sizes", "[3, 04]", [3, 4]),
        ("sizes", "[]", []),
    ],
)
def test_a_value_means_the_same_in_a_job_file_and_after_p(root, name, text, value):
    for suffix in (".py", ".ipynb"):
        path = root / "notebooks" / f"00_tiny{suffix}"
        lines = PARAMETERS if suffix == ".py" else PARAMETERS.replace("\n", "\\n")
        path.write_text(path.read_text().replace("act: str", lines))
    path = root / "notebooks" / "jobs" / "one.yaml"
    path.write_text(f"notebook: tiny\nscale: demo\nparams: {{{name}: {text}}}\n")
    [job] = read_job_file(path, root)
    assert job.parameters[name] == value
    path.write_text(f"notebook: tiny\nscale: demo\ngrid: {{{name}: [{text}]}}\n")
    assert read_job_file(path, root)[0].key == job.key
    if "04" not in text:  # -p takes lists as JSON
        assert parse_parameters(find_notebook("tiny", root), [f"{name}={text}"]) == {name: value}


def test_job_file_outside_the_checkout_is_not_the_source(root, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("notebook: tiny\nscale: demo\n")
    assert [job.source for job in read_job_file(path, root)] == [""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds keys"),
        ("a: [", "cannot be read"),
        ("notebook: tiny", "lacks scale"),
        ("notebook: tiny\nscale: demo\nseed: 3", "unknown key in bad.yaml 'seed'"),
        ("notebook: tiny\nscale: huge", "unknown scale"),
        ("notebook: tony\nscale: demo", "unknown notebook"),
        ("notebook: tiny\nscale: demo\nscale: bench", "'scale' is given twice"),
        ("notebook: tiny\nscale: demo\ngrid: {seed: 3}", "takes a list"),
        ("notebook: tiny\nscale: demo\ngrid: {seed: []}", "takes a list"),
        ("notebook: tiny\nscale: demo\ngrid: {seed: [1, 1]}", "a value twice"),
        ("notebook: tiny\nscale: demo\ngrid: {seed: [1, a]}", "takes int"),
        ("notebook: tiny\nscale: demo\ngrid: {sed: [1]}", "Did you mean 'seed'"),
        ("notebook: tiny\nscale: demo\nparams: {seed: 1}\ngrid: {seed: [2]}", "both"),
        ("notebook: tiny\nscale: demo\nparams: [seed]", "params takes a dict"),
        ("notebook: tiny\nscale: demo\nparams: {out: x}", "set by the job"),
        ("notebook: !!python/object:os.system x\nscale: demo", "cannot be read"),
        ("notebook: !!timestamp tiny\nscale: demo", "line 1: cannot be read: .* no tags"),
        ("notebook: &a tiny\nscale: *a", "no aliases"),
        ("notebook: tiny\nscale: demo\nparams: " + "[" * 2000 + "]" * 2000, "cannot be read"),
        ("notebook: tiny\nscale: demo\nparams: {seed: {a: 1}}", "takes int"),
        ("notebook: tiny\nscale: demo\nparams: {seed: " + "9" * 5000 + "}", r"takes int.*\.\.\."),
        ("notebook: tiny\nscale: demo\nparams: {seed: 1:30}", "takes int"),
        ("notebook: tiny\nscale: demo\ngrid: {seed: [1, 01]}", "a value twice"),
        (
            f"notebook: tiny\nscale: demo\ngrid: {{seed: {NUMBERS}, act: {NUMBERS}}}",
            "grid: 40,000 jobs; at most 10,000",
        ),
    ],
)
def test_bad_job_file(root, text, message):
    path = root / "notebooks" / "jobs" / "bad.yaml"
    path.write_text(text)
    with pytest.raises((JobError, UnknownNameError), match=message):
        read_job_file(path, root)


def test_unknown_job_file(root):
    with pytest.raises(UnknownNameError, match="job file 'none'"):
        find_job_file("none", root)


def test_the_book_s_own_job_files():
    root = repository_root()
    if not find_notebooks(root):
        pytest.skip("the book has no chapters yet")
    files = find_job_files(root)
    assert files
    for path in files.values():
        assert read_job_file(path, root)
