"""Which address is believed, and what counts as one."""

from __future__ import annotations

import ipaddress

import pytest

from sipas.web.client_address import lines_of, visitor_address

NAMED = [ipaddress.ip_network(one) for one in ("127.0.0.1", "10.0.0.0/28", "::1")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "visitor"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # forged: no proxy of ours stands there
        ("203.0.113.7", "127.0.0.1", "203.0.113.7"),
        ("10.0.0.3", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.3", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # what the visitor wrote stands to the left
        ("10.0.0.3", "198.51.100.1, 203.0.113.7, 10.0.0.4", "203.0.113.7"),  # two proxies, both named
        ("::ffff:10.0.0.3", "203.0.113.7", "203.0.113.7"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.3", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.3", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.3", "198.51.100.1, unknown", ""),  # it does not say for whom it asks: nobody's own address
        ("10.0.0.3", "", ""),
        ("10.0.0.16", "203.0.113.7", "10.0.0.16"),  # just outside the network that is named
        ("127.0.0.2", "203.0.113.7", ""),
    ],
)
def test_only_what_a_named_proxy_wrote_is_believed(peer, forwarded, visitor):
    assert visitor_address(peer, forwarded, NAMED) == visitor


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_without_a_named_proxy_this_machine_is_nobodys_address(peer):
    assert visitor_address(peer, "203.0.113.7", []) == visitor_address(peer, "", []) == ""


def test_all_addresses_of_one_line_count_as_one_and_a_server_with_many_lines_as_sixteen():
    assert lines_of("203.0.113.7") == lines_of("::ffff:203.0.113.7") == (("203.0.113.7", 1),)
    assert lines_of("2001:db8:1:2::1") == lines_of("2001:db8:1:2:3:4:5:6")
    one, other = dict(lines_of("2001:db8:1:2::1")), dict(lines_of("2001:db8:1:3::1"))
    assert set(one) & set(other) == {"2001:db8:1::/48"}
    assert one["2001:db8:1::/48"] == 16
