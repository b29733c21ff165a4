from dataclasses import replace
from pathlib import Path

import pytest

from wtspec.implementations import baseline, building, manifest
from wtspec.implementations.building import BuildError
from wtspec.implementations.manifest import Manifest, ManifestError, contradictions
from wtspec.suite.dialect import DIALECTS
from wtspec.suite.endpoint.interface import Hello, Role

TOML = """
name = "toy"
language = "Python"
homepage = "https://example.test/"
version = "1"
pinned = "it never changes"
checked = 2026-11-21
[server]
dialects = ["h3-16", "h3-15"]
features = ["bidi", "uni"]
unsupported = ["/drain"]
[process]
needs = ["sh"]
build = "sh -c 'echo built > made'"
exec = "./made"
"""
IN_A_CONTAINER = TOML.partition("[process]")[0] + '[container]\ncontext = ["suite/wire"]\n'
HELLO = Hello(
    name="toy",
    version="1",
    roles=("server",),
    dialects=("h3-15", "h3-16"),
    features=frozenset({"uni", "bidi"}),
    unsupported=frozenset({"/drain"}),
)


def read(folder: Path, text: str = TOML) -> Manifest:
    (folder / "toy").mkdir(exist_ok=True)
    path = folder / "toy" / manifest.FILE
    path.write_text(text)
    return manifest.read(path)


@pytest.mark.parametrize("name", manifest.known())
def test_every_implementation_has_a_right_manifest_and_baseline(name: str) -> None:
    one = manifest.load(name)
    for role in one.roles:
        offer = one.offer(role)
        assert offer is not None
        assert set(offer.dialects) <= set(DIALECTS)
    baseline.read(manifest.directory(name) / baseline.FILE)


def test_webtransport_go_is_known() -> None:
    assert "webtransport-go" in manifest.known()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(
        ManifestError, match=r"no implementation 'toy'; there are: .*webtransport-go"
    ):
        manifest.load("toy")


def test_a_manifest_is_read_as_it_stands(tmp_path: Path) -> None:
    one = read(tmp_path)
    assert one.roles == (Role.SERVER,)
    assert one.offer(Role.CLIENT) is None
    assert one.server is not None
    assert one.server.dialects == ("h3-16", "h3-15")


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (('name = "toy"', 'name = "game"'), "name is 'game', and the folder is 'toy'"),
        (("[server]", "[servant]"), "servant"),
        (("language", "langage"), "langage"),
        (('version = "1"', "version = 1"), "version"),
        (('"h3-16", "h3-15"', ""), "speaks no dialect"),
        (("https", "http"), "not an https link"),
        (("[process]", "[process"), "implementation.toml"),
        (("checked = 2026-11-21", 'transports = ["h4"]\nchecked = 2026-11-21'), "h4"),
    ],
)
def test_a_wrong_manifest_is_named_with_its_mistake(
    tmp_path: Path, change: tuple[str, str], mistake: str
) -> None:
    with pytest.raises(ManifestError, match=mistake) as caught:
        read(tmp_path, TOML.replace(*change))
    assert "toy/implementation.toml" in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    head = TOML.partition("[server]")[0]
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, head)
    assert "neither [server] nor [client]" in str(caught.value)
    assert "nothing can start it" in str(caught.value)


def test_a_container_copies_what_is_in_the_package(tmp_path: Path) -> None:
    found = read(tmp_path, IN_A_CONTAINER)
    assert found.container is not None
    assert found.container.context == ("suite/wire",)
    for outside in ("/etc", "../other", "suite/../.."):
        with pytest.raises(ManifestError, match="not inside the package"):
            read(tmp_path, IN_A_CONTAINER.replace("suite/wire", outside))


def test_a_program_that_says_what_its_manifest_claims(tmp_path: Path) -> None:
    assert contradictions(read(tmp_path), Role.SERVER, HELLO) == ()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (replace(HELLO, version="2"), "version: the manifest claims 1, the program says 2"),
        (replace(HELLO, features=frozenset()), "claims bidi uni, the program says none"),
        (replace(HELLO, unsupported=frozenset()), "unsupported: "),
        (replace(HELLO, roles=("client",)), "roles: "),
        (replace(HELLO, name="game"), "name: "),
        (replace(HELLO, dialects=("h3-16",)), "dialects: the manifest claims h3-15 h3-16"),
    ],
)
def test_a_false_claim_is_found(tmp_path: Path, said: Hello, told: str) -> None:
    (found,) = contradictions(read(tmp_path), Role.SERVER, said)
    assert told in found


def test_a_program_that_chooses_has_only_what_it_was_asked_for(tmp_path: Path) -> None:
    chooses = read(tmp_path, TOML.replace("[server]", "chooses_dialect = true\n[server]"))
    one, other = replace(HELLO, dialects=("h3-16",)), replace(HELLO, dialects=("h3-02",))
    assert contradictions(chooses, Role.SERVER, one) == ()
    assert len(contradictions(chooses, Role.SERVER, other)) == 1


def test_a_role_that_the_manifest_lacks_is_a_contradiction(tmp_path: Path) -> None:
    assert contradictions(read(tmp_path), Role.CLIENT, HELLO) == ("the manifest has no client",)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(building, "directory", lambda name: tmp_path / name)
    monkeypatch.setattr(
        building, "load", lambda name: manifest.read(tmp_path / name / manifest.FILE)
    )
    read(tmp_path)
    return tmp_path / "toy"


def test_building_runs_the_command_in_the_implementations_folder(toy: Path) -> None:
    assert building.build("toy").name == "toy"
    assert (toy / "made").read_text() == "built\n"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('needs = ["sh"]', 'needs = ["no-such-tool"]'), "toy needs `no-such-tool` on the PATH"),
        (("echo built > made", "echo wrong >&2; exit 3"), r"failed\nwrong"),
        (('"sh -c', '"no-such-tool -c'), "building toy: "),
    ],
)
def test_a_build_that_fails_says_what_is_wrong(
    toy: Path, change: tuple[str, str], told: str
) -> None:
    read(toy.parent, TOML.replace(*change))
    with pytest.raises(BuildError, match=told):
        building.build("toy")


def test_a_build_that_hangs_is_given_up(toy: Path) -> None:
    read(toy.parent, TOML.replace("echo built > made", "exec sleep 60"))
    with pytest.raises(BuildError, match="timed out"):
        building.build("toy", deadline_s=0.2)


def test_what_runs_in_a_container_only_is_not_built_here(toy: Path) -> None:
    read(toy.parent, IN_A_CONTAINER)
    with pytest.raises(ManifestError, match="container only"):
        building.build("toy")
