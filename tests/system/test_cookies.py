"""DNS cookies to clients (RFC 7873, RFC 9018)."""
import struct
import subprocess
import time

import dns.edns
import dns.message
import dns.query
import dns.rcode
import pytest

COOKIE = 10
CLIENT = bytes.fromhex("2464c4abcf10c957")
SECRET, OTHER = "e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"


def ask(daemon, cookie, name="www.example.com", **options):
    return daemon.ask(name, use_edns=0, options=[dns.edns.GenericOption(COOKIE, cookie)], **options)


def cookie_of(reply):
    """The one COOKIE option of a reply."""
    data, = [option.to_wire() for option in reply.options if option.otype == COOKIE]
    return data


def proven(daemon):
    return daemon.ctl_json("stats")["queries"]["proven"]


def bare(cookie):
    """A query without a question (RFC 7873 5.4)."""
    message = dns.message.Message(id=4711)
    message.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(COOKIE, cookie)])
    return message


def dig(daemon, *arguments):
    return subprocess.run(["dig", f"@{daemon.address}", "-p", str(daemon.port), "+tries=1", *arguments],
                          check=True, capture_output=True, text=True).stdout


def test_an_answer_carries_the_clients_cookie_and_one_of_ours(cairnd):
    for tcp in (False, True):
        cookie = cookie_of(ask(cairnd, CLIENT, tcp=tcp))
        assert cookie[:8] == CLIENT and len(cookie) == 24
        version, made = cookie[8:12], struct.unpack("!I", cookie[12:16])[0]
        assert version == b"\1\0\0\0"
        assert abs(made - time.time()) < 5


def test_nobody_gets_a_cookie_unasked(cairnd):
    assert not cairnd.ask("www.example.com", use_edns=0).options
    assert cairnd.ask("www.example.com", use_edns=False).edns == -1


def test_answers_of_every_origin_carry_it(cairnd):
    """From the walk, the cache, the table of ready answers, this machine, and none at all."""
    for name in ("www.deep.com", "www.deep.com", "www.deep.com", "localhost", "missing.example.com", "id.server"):
        assert cookie_of(ask(cairnd, CLIENT, name=name))[:8] == CLIENT
    query = cairnd.query("www.example.com", use_edns=0, options=[dns.edns.GenericOption(COOKIE, CLIENT)])
    query.flags &= ~0x0100
    refused = dns.message.from_wire(cairnd.exchange(query.to_wire()))
    assert refused.rcode() == dns.rcode.REFUSED and len(cookie_of(refused)) == 24


def test_dig_takes_the_cookie_for_good(cairnd):
    assert "; COOKIE: 2464c4abcf10c957" in dig(cairnd, "+cookie=2464c4abcf10c957", "www.example.com")
    assert "(good)" in dig(cairnd, "+cookie", "www.example.com")
    assert "status: NOERROR" in dig(cairnd, "+cookie", "+tcp", "www.example.com")


def test_a_cookie_shown_again_is_proof_and_stays_the_same(cairnd):
    cookie = cookie_of(ask(cairnd, CLIENT))
    before = proven(cairnd)
    assert cookie_of(ask(cairnd, cookie)) == cookie
    assert proven(cairnd) == before + 1


@pytest.mark.parametrize("server_cookie", [b"12345678", b"\1\0\0\0" + bytes(12), b"x" * 32], ids=len)
def test_a_cookie_that_is_not_ours_is_answered_with_one_that_is(cairnd, server_cookie):
    reply = ask(cairnd, CLIENT + server_cookie)
    assert reply.rcode() == 0 and reply.answer
    assert len(cookie_of(reply)) == 24 and cookie_of(reply)[8:] != server_cookie
    assert proven(cairnd) == 0


@pytest.mark.parametrize("length", [0, 1, 7, 9, 15, 41, 100])
def test_a_cookie_of_a_length_that_none_has_is_a_format_error(cairnd, length):
    reply = ask(cairnd, b"x" * length)
    assert reply.rcode() == dns.rcode.FORMERR
    assert not reply.options


def test_without_a_question_a_cookie_is_given_or_confirmed(cairnd):
    for exchange in (dns.query.udp, dns.query.tcp):
        def get(cookie):
            return exchange(bare(cookie), cairnd.address, port=cairnd.port, timeout=3)
        given = get(CLIENT)
        assert given.rcode() == 0 and not given.question and not given.answer
        assert get(cookie_of(given)).rcode() == 0
        refused = get(CLIENT + bytes(16))
        assert refused.rcode() == dns.rcode.BADCOOKIE
        assert get(cookie_of(refused)).rcode() == 0


def test_servers_with_the_same_secret_take_each_others_cookies(make_cairnd, lab):
    first, second, third = (make_cairnd(lab.configuration(), {"server": {"cookie-secret": secret}}, address=address)
                            for secret, address in ((SECRET, "127.0.0.1"), (SECRET, "127.0.0.2"), (OTHER, "127.0.0.3")))
    cookie = cookie_of(ask(first.start(), CLIENT, source="127.0.0.1"))
    ask(second.start(), cookie, source="127.0.0.1")
    ask(third.start(), cookie, source="127.0.0.1")
    assert (proven(second), proven(third)) == (1, 0)


def test_a_cookie_is_of_no_use_to_another_address(cairnd):
    cookie = cookie_of(ask(cairnd, CLIENT, source="127.0.0.1"))
    ask(cairnd, cookie, source="127.0.0.9")
    assert proven(cairnd) == 0


def test_a_drawn_secret_is_kept_by_a_reload_and_drawn_anew_at_a_start(cairnd):
    cookie = cookie_of(ask(cairnd, CLIENT))
    cairnd.ctl("reload")
    assert cookie_of(ask(cairnd, cookie)) == cookie
    cairnd.restart()
    assert cookie_of(ask(cairnd, cookie))[8:] != cookie[8:]
    assert proven(cairnd) == 0


def test_after_a_change_of_secret_the_old_cookies_are_taken_and_replaced(cairnd):
    cookie = cookie_of(ask(cairnd, CLIENT))
    cairnd.write_configuration({"server": {"cookie-secret": SECRET}})
    changes = cairnd.ctl_json("reload")["changes"]
    assert [change["key"] for change in changes] == ["server.cookie-secret"]
    assert cookie_of(ask(cairnd, cookie)) != cookie
    assert proven(cairnd) == 1
    assert SECRET not in cairnd.log() and SECRET not in str(changes)
