"""The named links of pairs."""

from wtspec.suite.network.path import CLEAN, Path

LINKS = {
    "clean": CLEAN,
    "lan": Path(delay_s=0.001, jitter_s=0.0005),
    "wan": Path(delay_s=0.015, jitter_s=0.002),  # 30 ms there and back
    "lossy": Path(delay_s=0.005, loss=0.02),
    "mtu": Path(size_limit_bytes=1280),
    "reorder": Path(delay_s=0.005, reorder=0.05),
    "rebind": Path(rebind_after_packets=20),
}


def described(path: Path) -> str:
    """What it does to packets, in a few words."""
    words = [
        f"{2000 * path.delay_s:g} ms there and back" if path.delay_s else "",
        f"{100 * path.loss:g} % lost" if path.loss else "",
        f"{100 * path.reorder:g} % overtaken" if path.reorder else "",
        f"at most {path.size_limit_bytes} bytes" if path.size_limit_bytes else "",
        f"another port of the client after {path.rebind_after_packets} packets"
        if path.rebind_after_packets
        else "",
    ]
    return ", ".join(one for one in words if one) or "nothing happens to packets"


def carries_all(name: str) -> bool:
    """Whether every packet arrives; a link that changes its port may lose those to the old one."""
    path = LINKS[name]
    loses = path.loss or path.corrupt or path.size_limit_bytes or path.rebind_after_packets
    return not loses


def is_certain(name: str) -> bool:
    """Whether the same happens in every run; otherwise one run is a toss, and many a measure."""
    path = LINKS[name]
    return not (path.loss or path.reorder or path.duplicate or path.corrupt)
