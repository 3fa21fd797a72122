"""What the README says is so: its Python prints what it claims, and what it names exists."""

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent
WIDGETS = ("number_input", "text_input", "slider", "checkbox", "selectbox", "multiselect", "button_group")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PNG = b"\x89PNG\r\n\x1a\n"


def blocks(language: str) -> list[str]:
    """The code blocks of a language; those without one for an empty name."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in fenced if name == language]


def section(title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level, _, rest = README.partition(f"# {title}\n")
    assert rest, f"README.md has no heading {title!r}"
    hashes = level.rpartition("\n")[2] + "#"
    return re.split(rf"^#{{1,{len(hashes)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def named(pattern: str) -> list[str]:
    found = sorted(set(re.findall(pattern, README)))
    assert found, f"README.md has nothing that looks like {pattern}"
    return found


def comments(source: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string.removeprefix("#").strip() for token in tokens if token.type == tokenize.COMMENT]


@pytest.mark.parametrize("source", blocks("python"))
def test_the_python_prints_what_its_comments_say(source: str) -> None:
    run = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines() == comments(source)
    assert len(comments(source)) >= 3


def test_the_python_is_about_ten_lines() -> None:
    for source in blocks("python"):
        assert len([line for line in source.splitlines() if line and not line.startswith("#")]) <= 11


@pytest.mark.parametrize("target", named(r"\bmake (\w+)\b(?= *[`#&\n]| \w+=)"))
def test_make_knows_each_target(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


@pytest.mark.parametrize("module", named(r"python -m ([\w.]+)"))
def test_each_module_to_run_exists(module: str) -> None:
    assert (ROOT / f"{module.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("path", named(r"\]\((?!https?:)([^)#]+)\)"))
def test_each_file_that_is_linked_exists(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("path", named(r"\]\((docs/[^)]+\.png)\)"))
def test_each_picture_is_a_png_of_modest_size(path: str) -> None:
    picture = (ROOT / path).read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) < 400_000


def test_the_container_listens_on_the_port_that_is_named() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (exposed,) = re.findall(r"^EXPOSE (\d+)$", dockerfile, flags=re.MULTILINE)
    published = set(re.findall(r"-p (\d+:\d+)", README))
    assert published == {f"{exposed}:{exposed}"}
    assert re.findall(r"http://localhost:(\d+)", README) == [exposed]


@pytest.mark.parametrize("variable", named(r"\b(PORT|FRAME_ANCESTORS)\b"))
def test_each_variable_is_read(variable: str) -> None:
    assert any(variable in (ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "app.py"))


def layout() -> list[str]:
    """The paths of the tree, which indents by two spaces."""
    folders: list[str] = []
    paths = []
    for line in blocks("")[0].splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        folders = [*folders[:depth], name]
        paths.append("".join(folders))
    return paths


@pytest.mark.parametrize("path", layout())
def test_each_path_of_the_layout_exists(path: str) -> None:
    assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file()


def test_the_layout_names_all_that_holds_python() -> None:
    files = {path.name for path in ROOT.glob("*.py")}
    folders = {f"{path.parent.name}/" for path in ROOT.glob("[!.]*/*.py")}
    assert files | folders <= set(layout())


def test_each_page_is_described_and_no_other() -> None:
    files = {"Home", *(path.stem.partition("_")[2] for path in (ROOT / "pages").glob("*.py"))}
    assert set(re.findall(r"^- \*\*(\w+)\*\*:", section("Pages"), flags=re.MULTILINE)) == files


def test_the_link_in_the_readme_opens_what_it_says() -> None:
    (query,) = re.findall(r"`/Explore\?([^`]+)`", README)
    page = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    for key, value in (pair.split("=") for pair in query.split("&")):
        page.query_params[key] = value.replace("+", " ")
    page.switch_page("pages/1_Explore.py").run()
    assert not page.exception
    assert page.session_state["rho"] == 1.2
    assert page.selectbox(key="_landscape").value == "Two valleys"


def test_each_key_of_a_link_belongs_to_a_control_and_each_control_to_a_key() -> None:
    keys = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", section("Links"), flags=re.MULTILINE))))
    held, asked = set[str](), set[str]()
    for page in (None, *sorted((ROOT / "pages").glob("*.py"))):
        visit = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
        if page is None:
            visit.run()
        else:
            visit.query_params["formula"] = "a*x^2 + y^2"
            visit.switch_page(f"pages/{page.name}").run()
        assert not visit.exception
        held |= {key for key in keys if key in visit.session_state}
        asked |= {str(widget.key) for kind in WIDGETS for widget in visit.get(kind)}
    families = {"p_", "r_", "n_"}
    assert held == keys - families - {"landscape"}  # a list, whose own key stays out of the link
    public = {key for key in asked if not key.startswith("_")}
    assert {"p_a", "r_grid", "n_hidden"} <= public
    assert {key for key in public if key not in keys and key[:2] not in families} == set()
