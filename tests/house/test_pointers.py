"""The check of pointers: what comments and pages refer to is in the repository."""

import pytest

from checks import pointers
from tests.house.conftest import Write


@pytest.mark.parametrize(
    "text",
    [
        "(spec publications §11.3)", "(spec customers)", "(spec §2)", "spec/platform.md", "in the order of the spec",
        "what the specification says", "(DESIGN §8)", "DESIGN I2", "(DESIGN)", "DETAILS 3.10", "STYLE rule 3", "STYLE 14",
        "see STYLE.md", "LAB-PUBLISH-2.md", "measured in LAB", "§ 4", "../shared/x", "/work/x", "docs/semantics/none.md",
        "docs/decisions/0009", "docs/decisions/0001-other.md",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("path", "frame"),
    [
        ("largesse/x.py", '"""Why.\n\n{}\n"""\n'),
        ("tests/x.py", "x = 1\n\n# {}\n"),
        ("largesse/store/x.sql", "-- x --\n\n-- {}\n"),
        ("largesse/dashboard/templates/x.html", "<p>\n\n{# {} #}\n"),
        ("CONTRIBUTING.md", "# Page\n\n{}\n"),
        ("Makefile", "x:\n\n# {}\n"),
        (".ci/run", "set -e\n\n# {}\n"),
    ],
)
def test_a_pointer_to_what_is_not_here_is_found(repository: Write, text: str, path: str, frame: str) -> None:
    root = repository({path: frame.replace("{}", text), "docs/decisions/0001-one.md": "# 1\n"})
    assert [(finding.path, finding.line) for finding in pointers.check(root)] == [(path, 3)]


def test_what_is_here_may_be_pointed_to(repository: Write) -> None:
    root = repository({
        "docs/semantics/pool.md": "# Pool\n\nSee [the decision](../decisions/0001-one.md#why), `tests/x.py::TestA::test_b`,"
        " `tests/x.py`, [a site](https://example.com/x), [here](#pool).\n",
        "docs/decisions/0001-one.md": "# 1\n",
        "largesse/x.py": '"""Claim (docs/semantics/pool.md, docs/decisions/0001, A045, RFC 9110 § 4)."""\n',
        "tests/x.py": "class TestA:\n    def test_b(self): ...\n",
    })  # fmt: skip
    assert list(pointers.check(root)) == []


@pytest.mark.parametrize(
    "code",
    ["STYLE = 'p {}'\nprint(f'<style>{STYLE}</style>')\n", "spec = find_spec(WHEEL)\nrun(spec.origin)\nrun(spec)\n",
     "class DETAILS: ...\n"],
)  # fmt: skip
def test_names_in_code_are_no_pointers(repository: Write, code: str) -> None:
    assert list(pointers.check(repository({"largesse/x.py": code}))) == []


@pytest.mark.parametrize(
    "text",
    ["[x](none.md)", "[x](../none.md#y)", "`tests/none.py`", "`tests/x.py::test_none`", "`tests/x.py::TestA::test_c`",
     "`tests/x.py::test_b`"],
)  # fmt: skip
def test_a_page_that_names_a_missing_file_or_test_is_found(repository: Write, text: str) -> None:
    root = repository({"docs/x.md": f"# X\n\n{text}\n", "tests/x.py": "class TestA:\n    def test_b(self): ...\n"})
    assert [(finding.path, finding.line) for finding in pointers.check(root)] == [("docs/x.md", 3)]
