"""The examples of docs/sources are read and run; every refused sample is listed there with its reason."""

import re
from pathlib import Path

import pytest
from document_samples import FOLDERS, samples

from weilend.sources.catalogue import SOURCES, load
from weilend.testing.documents import check_batch, intake

DOCS = Path(__file__).parents[2] / "docs" / "sources"
JSON = [
    (path.name, block)
    for path in sorted(DOCS.glob("*.md"))
    for block in re.findall(r"```json\n(.*?)```", path.read_text("utf-8"), re.S)
]
PYTHON = [
    (path.name, block)
    for path in sorted(DOCS.glob("*.md"))
    for block in re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), re.S)
]


@pytest.mark.parametrize(("name", "text"), JSON, ids=[name for name, _ in JSON])
def test_json_examples_are_read_whole(name, text, tmp_path):
    load()
    file = tmp_path / "example.json"
    file.write_text(text, encoding="utf-8")
    (source,) = [SOURCES[one] for one in SOURCES if SOURCES[one].signature(text.encode(), file.name)]
    done = check_batch(source.read(file, intake()))
    assert done.rows_in == done.accepted > 0, name


@pytest.mark.parametrize(("name", "text"), PYTHON, ids=[name for name, _ in PYTHON])
def test_python_examples_run(name, text):
    exec(compile(text, name, "exec"), {})


def test_every_refused_sample_is_listed_with_its_reason():
    text = (DOCS / "samples.md").read_text("utf-8")
    refused = {name: one["refused"] for folder in FOLDERS for name, one in samples(folder).items() if "refused" in one}
    assert len(refused) == 34
    for name, reason in refused.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert reason.partition(". Hint")[0][:60] in line
