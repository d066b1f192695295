"""Addresses as they are typed."""

import pytest

from engrax.errors import UserError
from engrax.runs.addresses import host_and_port


@pytest.mark.parametrize(
    ("address", "place"),
    [("here:80", ("here", 80)), ("::1:65535", ("::1", 65535)), ("a b:1", ("a b", 1))],
)
def test_the_last_colon_parts_host_and_port(address, place):
    assert host_and_port("--at", address) == place


@pytest.mark.parametrize(
    "address",
    [
        "",
        "here",
        "here:",
        ":80",
        "here:0",
        "here:65536",
        "here:-1",
        "here:1.5",
        "here:" + "9" * 5000,
    ],
)
def test_anything_else_is_refused_in_one_line(address):
    with pytest.raises(UserError, match=r'^--at .*: expected HOST:PORT or "auto"$') as error:
        host_and_port("--at", address)
    assert len(str(error.value)) < 100
