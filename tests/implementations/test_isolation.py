from wtspec.implementations.isolation import INTEROP, NATIVE


def test_an_interop_image_may_change_its_own_network_and_nothing_else() -> None:
    native, interop = NATIVE.options(), INTEROP.options()
    assert (native["cap_add"], interop["cap_add"]) == ([], ["NET_ADMIN"])
    assert (native["user"], interop["user"]) == ("65534:65534", None)
    for same in ("cap_drop", "security_opt", "read_only", "init"):
        assert native[same] == interop[same]
    assert "noexec" in native["tmpfs"]["/tmp"]
    assert "noexec" not in interop["tmpfs"]["/tmp"]


def test_it_is_told_in_one_line() -> None:
    assert NATIVE.describe().startswith("container, profile native, no capabilities, no new priv")
    assert "profile interop, NET_ADMIN alone" in INTEROP.describe()
    assert "user of the image" in INTEROP.describe()
