from wtspec.implementations.interop_images.forwarder import Errand


def test_an_errand_is_heard_as_it_was_told() -> None:
    routes = (("193.167.0.2", "193.167.1.100"), ("fd00:cafe:cafe::2", "fd00:cafe:cafe:1::100"))
    errand = Errand(routes, "lossy", 7, "/record/packets")
    assert Errand.heard(errand.told()) == errand
