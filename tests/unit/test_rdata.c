#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "tests/support/tokens.h"

static const struct {
    const char *type;
    const char *text;
    const char *generic;
} rows[] = {
    {"A", "192.0.2.1", "\\# 4 c0000201"},
    {"NS", "ns1.example.", "\\# 13 036e7331076578616d706c6500"},
    {"CNAME", "www.example.", "\\# 13 03777777076578616d706c6500"},
    {"SOA", "ns1.example. host\\.master.example. 2024010101 7200 3600 1209600 300",
     "\\# 54 "
     "036e7331076578616d706c65000b686f73742e6d6173746572076578616d706c650078a3f17500001c2000000e10001275000000012c"},
    {"SOA", "ns1.example. host.example. 4294967295 2h 1H30m 2W 5M",
     "\\# 47 036e7331076578616d706c650004686f7374076578616d706c6500ffffffff00001c2000001518001275000000012c"},
    {"PTR", "host.example.", "\\# 14 04686f7374076578616d706c6500"},
    {"HINFO", "\"PC-Intel\" \"Debian \\\"12\\\"\"", "\\# 21 0850432d496e74656c0b44656269616e2022313222"},
    {"MX", "10 mail.example.", "\\# 16 000a046d61696c076578616d706c6500"},
    {"MX", "0 .", "\\# 3 000000"},
    {"TXT", "\"one\" \"two \\; \\\\ \\200\" \"\"", "\\# 15 036f6e650974776f203b205c20c800"},
    {"TXT", "unquoted", "\\# 9 08756e71756f746564"},
    {"RP", "admin.example. .", "\\# 16 0561646d696e076578616d706c650000"},
    {"AFSDB", "1 afs.example.", "\\# 15 000103616673076578616d706c6500"},
    {"X25", "\"311061700956\"", "\\# 13 0c333131303631373030393536"},
    {"ISDN", "\"150862028003217\" \"004\"", "\\# 20 0f31353038363230323830303332313703303034"},
    {"RT", "10 relay.example.", "\\# 17 000a0572656c6179076578616d706c6500"},
    {"PX", "10 net2.example. prmd-net2.example.",
     "\\# 35 000a046e657432076578616d706c65000970726d642d6e657432076578616d706c6500"},
    {"GPOS", "\"-32.6882\" \"116.8652\" \"10.0\"", "\\# 23 082d33322e36383832083131362e383635320431302e30"},
    {"AAAA", "2001:db8::1", "\\# 16 20010db8000000000000000000000001"},
    {"AAAA", "::ffff:192.0.2.1", "\\# 16 00000000000000000000ffffc0000201"},
    {"AAAA", "::", "\\# 16 00000000000000000000000000000000"},
    {"LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "\\# 16 000016138b3cf018810cbce0009895b8"},
    {"LOC", "42 21 54 N 71 06 18 W -24m 30m", "\\# 16 0033161389172dd070be15f000988d20"},
    {"LOC", "32 7 19 S 116 2 25 E 10m", "\\# 16 00121613791b7d2898e6486800989a68"},
    {"LOC", "0 N 0 E 42849672.95m 90000000.00m 9m 0.01m", "\\# 16 009992108000000080000000ffffffff"},
    {"SRV", "0 5 5060 sip.example.", "\\# 19 0000000513c403736970076578616d706c6500"},
    {"NAPTR", "100 10 \"u\" \"sip+E2U\" \"!^.*$!sip:info@example!\" .",
     "\\# 39 0064000a0175077369702b45325517215e2e2a24217369703a696e666f406578616d706c652100"},
    {"KX", "10 kx.example.", "\\# 14 000a026b78076578616d706c6500"},
    {"CERT", "PGP 12345 RSASHA256 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJAA==",
     "\\# 33 000330390803010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea4900"},
    {"CERT", "65534 0 0 AQ==", "\\# 6 fffe00000001"},
    {"DNAME", "other.example.", "\\# 15 056f74686572076578616d706c6500"},
    {"APL", "1:192.168.32.0/21 !1:192.168.38.0/28", "\\# 14 00011503c0a82000011c83c0a826"},
    {"APL", "2:ff00::/8 1:0.0.0.0/0", "\\# 9 00020801ff00010000"},
    {"DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
     "\\# 24 ec4505012bb183af5f22588179a53b0a98631fad1a292118"},
    {"DS", "60485 RSASHA256 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
     "\\# 24 ec4508012bb183af5f22588179a53b0a98631fad1a292118"},
    {"SSHFP", "2 1 123456789abcdef67890123456789abcdef67890", "\\# 22 0201123456789abcdef67890123456789abcdef67890"},
    {"RRSIG", "A RSASHA256 3 86400 20300322173103 20300220173103 2642 example. AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 54 "
     "0001080300015180714646d7711eb9d70a52076578616d706c650003010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"RRSIG", "TYPE65280 13 2 300 4294967295 0 65535 . AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 46 ff000d020000012cffffffff00000000ffff0003010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"NSEC", "host.example. A MX RRSIG NSEC TYPE1234",
     "\\# 51 04686f7374076578616d706c65000006400100000003041b000000000000000000000000000000000000000000000000000020"},
    {"NSEC", "\\000.example. A", "\\# 14 0100076578616d706c6500000140"},
    {"DNSKEY", "257 3 8 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 31 0101030803010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"DNSKEY", "256 3 ECDSAP256SHA256 AwEAAcUl FV1vhmqx", "\\# 16 0100030d03010001c525155d6f866ab1"},
    {"DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
     "\\# 35 000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40"},
    {"NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
     "\\# 38 0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b0006400000000002"},
    {"NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr",
     "\\# 26 010000000014174eb2409fe28bcb4887a1836f957f0a8425e27b"},
    {"NSEC3PARAM", "1 0 12 AABBCCDD", "\\# 9 0100000c04aabbccdd"},
    {"NSEC3PARAM", "1 0 0 -", "\\# 5 0100000000"},
    {"TLSA", "3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
     "\\# 35 030101d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971"},
    {"SMIMEA", "3 0 0 abcdef", "\\# 6 030000abcdef"},
    {"NINFO", "\"zone info\"", "\\# 10 097a6f6e6520696e666f"},
    {"CDS", "0 0 0 00", "\\# 5 0000000000"},
    {"CDNSKEY", "0 3 0 AA==", "\\# 5 0000030000"},
    {"OPENPGPKEY", "AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 27 03010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"CSYNC", "66 3 A NS AAAA", "\\# 12 000000420003000460000008"},
    {"CSYNC", "0 0", "\\# 6 000000000000"},
    {"ZONEMD",
     "2018031900 1 1 c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c",
     "\\# 54 "
     "7848b91c0101c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"},
    {"SVCB", "0 alias.example.", "\\# 17 000005616c696173076578616d706c6500"},
    {"SVCB", "1 .", "\\# 3 000100"},
    {"SVCB", "16 foo.example. port=53", "\\# 21 001003666f6f076578616d706c6500000300020035"},
    {"SVCB", "1 foo.example. key667=\"hello\\210qoo\"",
     "\\# 28 000103666f6f076578616d706c6500029b000968656c6c6fd2716f6f"},
    {"SVCB", "1 foo.example. ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
     "\\# 51 000103666f6f076578616d706c65000006002020010db800000000000000000000000120010db8000000000000000000530001"},
    {"SVCB", "16 foo.example. mandatory=ipv4hint,alpn ipv4hint=192.0.2.1 alpn=h2,h3-19",
     "\\# 44 001003666f6f076578616d706c65000000000400010004000100090268320568332d313900040004c0000201"},
    {"SVCB", "16 foo.example. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
     "\\# 31 001003666f6f076578616d706c65000001000c08665c6f6f2c626172026832"},
    {"SVCB", "16 foo.example. alpn=f\\\\\\092oo\\092,bar,h2",
     "\\# 31 001003666f6f076578616d706c65000001000c08665c6f6f2c626172026832"},
    {"HTTPS", "1 . alpn=\"h3,h2\" no-default-alpn ech=AEX+DQBB key65333=abc",
     "\\# 34 0001000001000602683302683200020000000500060045fe0d0041ff350003616263"},
    {"HTTPS", "1 . alpn=h2 port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1",
     "\\# 48 000100000100030268320003000220fb00040008c0000201c00002020006001020010db8000000000000000000000001"},
    {"SPF", "\"v=spf1 -all\"", "\\# 12 0b763d73706631202d616c6c"},
    {"NID", "10 0014:4fff:ff20:ee64", "\\# 10 000a00144fffff20ee64"},
    {"L32", "10 10.1.2.0", "\\# 6 000a0a010200"},
    {"L64", "10 2001:0DB8:1140:1000", "\\# 10 000a20010db811401000"},
    {"LP", "10 l64-subnet1.example.", "\\# 23 000a0b6c36342d7375626e657431076578616d706c6500"},
    {"EUI48", "00-00-5e-00-53-2a", "\\# 6 00005e00532a"},
    {"EUI64", "00-00-5e-ef-10-00-00-2a", "\\# 8 00005eef1000002a"},
    {"URI", "10 1 \"ftp://ftp1.example/public\"", "\\# 29 000a00016674703a2f2f667470312e6578616d706c652f7075626c6963"},
    {"CAA", "0 issue \"ca.example; account=230123\"",
     "\\# 33 0005697373756563612e6578616d706c653b206163636f756e743d323330313233"},
    {"CAA", "128 tbs \"\"", "\\# 5 8003746273"},
    {"AVC", "\"app-name:WOLFGANG\"", "\\# 18 116170702d6e616d653a574f4c4647414e47"},
    {"MD", "md.example.", "\\# 12 026d64076578616d706c6500"},
    {"MF", "mf.example.", "\\# 12 026d66076578616d706c6500"},
    {"MB", "mb.example.", "\\# 12 026d62076578616d706c6500"},
    {"MG", "mg.example.", "\\# 12 026d67076578616d706c6500"},
    {"MR", "mr.example.", "\\# 12 026d72076578616d706c6500"},
    {"MINFO", "r.example. e.example.", "\\# 22 0172076578616d706c65000165076578616d706c6500"},
    {"NSAP-PTR", "foo.example.", "\\# 13 03666f6f076578616d706c6500"},
    {"KEY", "512 3 1 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 31 0200030103010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"SIG", "A 1 2 300 20300322173103 20300220173103 2642 example. AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 54 "
     "000101020000012c714646d7711eb9d70a52076578616d706c650003010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"RKEY", "0 3 8 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJ",
     "\\# 31 0000030803010001c525155d6f866ab1e8d48e50eab647f76c47b5e6deea49"},
    {"TALINK", "a.example. b.example.", "\\# 22 0161076578616d706c65000162076578616d706c6500"},
    {"RESINFO", "\"qnamemin\" \"exterr=15-17\"", "\\# 22 08716e616d656d696e0c6578746572723d31352d3137"},
    {"WALLET", "\"BTC\" \"abc\"", "\\# 8 0342544303616263"},
    {"TA", "60485 8 2 2BB183AF", "\\# 8 ec4508022bb183af"},
    {"DLV", "60485 8 2 2BB183AF", "\\# 8 ec4508022bb183af"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), TOKENS_MAX = 256 };

static uint16_t type_of(const char *mnemonic)
{
    uint16_t type = 0;
    assert_int_equal(type_from_text(mnemonic, strlen(mnemonic), &type), FAIL_NONE);
    return type;
}

/* Parses `text` at `out`, which holds RDATA_SIZE; returns the length, or a negative result. */
static int parse(uint16_t type, const char *text, uint8_t *out, struct token_error *error)
{
    static const uint8_t origin[] = "\6origin";
    struct token tokens[TOKENS_MAX];
    struct writer w;
    size_t count = split_tokens(text, strlen(text), tokens, TOKENS_MAX);
    writer_init(&w, out, RDATA_SIZE);
    int fail = rdata_from_text(type, tokens, count, origin, &w, error);
    return fail == FAIL_NONE ? (int)writer_len(&w) : fail;
}

static int parse_ok(uint16_t type, const char *text, uint8_t *out)
{
    struct token_error error = {0};
    int len = parse(type, text, out, &error);
    if (len < 0) {
        print_error("%s: %s at token %zu\n", text, error.why, error.bad);
    }
    assert_true(len >= 0);
    return len;
}

static void every_type_has_the_same_bytes_in_its_own_and_in_the_generic_form(void **state)
{
    (void)state;
    static uint8_t a[RDATA_SIZE], b[RDATA_SIZE];
    for (size_t i = 0; i < ROWS; i++) {
        uint16_t type = type_of(rows[i].type);
        int len = parse_ok(type, rows[i].text, a);
        assert_int_equal(len, parse_ok(type, rows[i].generic, b));
        if (memcmp(a, b, (size_t)len) != 0) {
            fail_msg("%s %s", rows[i].type, rows[i].text);
        }
        assert_int_equal(rdata_check(type, a, (size_t)len), FAIL_NONE);
    }
}

static void printed_rdata_parses_back_to_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t a[RDATA_SIZE], b[RDATA_SIZE];
    char text[4096];
    for (size_t i = 0; i < ROWS; i++) {
        uint16_t type = type_of(rows[i].type);
        int len = parse_ok(type, rows[i].generic, a);
        size_t printed = rdata_text(type, a, (size_t)len, text, sizeof(text));
        assert_int_equal(printed, strlen(text));
        if (strncmp(text, "\\#", 2) == 0) {
            fail_msg("%s has no text: %s", rows[i].type, text);
        }
        assert_int_equal(parse_ok(type, text, b), len);
        assert_memory_equal(a, b, (size_t)len);
    }
}

static void every_type_with_fields_is_in_the_table_above(void **state)
{
    (void)state;
    const struct type_info *row;
    for (size_t i = 0; (row = type_row(i)) != NULL; i++) {
        size_t at = 0;
        while (at < ROWS && strcmp(rows[at].type, row->mnemonic) != 0) {
            at++;
        }
        if (row->fields[0] != FIELD_OPAQUE && at == ROWS) {
            fail_msg("no example of %s", row->mnemonic);
        }
    }
}

static void every_prefix_of_fixed_fields_is_malformed(void **state)
{
    (void)state;
    static uint8_t a[RDATA_SIZE];
    static const char *const types[] = {"A",     "NS",         "SOA",   "MX",  "AAAA",  "SRV",  "NAPTR",
                                        "DNAME", "RP",         "HINFO", "LOC", "NID",   "L32",  "EUI48",
                                        "EUI64", "NSEC3PARAM", "L64",   "LP",  "MINFO", "AFSDB"};
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < sizeof(types) / sizeof(types[0]); j++) {
            if (strcmp(rows[i].type, types[j]) != 0) {
                continue;
            }
            uint16_t type = type_of(types[j]);
            int len = parse_ok(type, rows[i].generic, a);
            for (int cut = 0; cut < len; cut++) {
                assert_int_equal(rdata_check(type, a, (size_t)cut), FAIL_WIRE);
            }
            a[len] = 0;
            assert_int_equal(rdata_check(type, a, (size_t)len + 1), FAIL_WIRE);
        }
    }
}

static void malformed_text_is_refused_with_the_token_at_fault(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
        size_t bad;
    } cases[] = {
        {"A", "192.0.2", 0},
        {"A", "192.0.2.1 x", 1},
        {"A", "", 0},
        {"A", "\\# 3 C00002", 2},
        {"A", "\\# 4 C0000", 2},
        {"A", "\\# 5 C0000201", 1},
        {"A", "\\# x C0000201", 1},
        {"A", "\\#", 1},
        {"AAAA", "2001:db8::1::", 0},
        {"MX", "10", 1},
        {"MX", "65536 mail", 0},
        {"MX", "-1 mail", 0},
        {"MX", "10 mail..example.", 1},
        {"SOA", "a. b. 1 2 3 4", 6},
        {"SOA", "a. b. 1 2x 3 4 5", 3},
        {"TXT", "\"\\256\"", 0},
        {"TXT", "\\12", 0},
        {"TXT", "", 0},
        {"DS", "1 8 2", 3},
        {"DS", "1 8 2 ABC", 3},
        {"DS", "1 NOSUCH 2 AB", 1},
        {"DNSKEY", "257 3 8 AQ=", 3},
        {"DNSKEY", "257 3 8 AQ==AQ==", 3},
        {"DNSKEY", "257 3 8 A*==", 3},
        {"RRSIG", "A 8 2 300 20300230000000 0 1 . AQ==", 4},
        {"RRSIG", "A 8 2 300 21070101000000 0 1 . AQ==", 4},
        {"RRSIG", "NOTYPE 8 2 300 0 0 1 . AQ==", 0},
        {"NSEC", "a. A NOTYPE", 2},
        {"NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojz A", 4},
        {"NSEC3", "1 0 0 xx 2t7b4g4vsa5smi47k61mv5bv1a22bojr A", 3},
        {"LOC", "91 N 0 E 0m", 1},
        {"LOC", "52 60 N 0 E 0m", 1},
        {"LOC", "52 0 0 0 N 0 E 0m", 3},
        {"LOC", "52 N 0 E", 4},
        {"LOC", "52 N 0 E 0m 1m 1m 1m 1m", 8},
        {"APL", "1:192.0.2.0/33", 0},
        {"APL", "3:192.0.2.0/3", 0},
        {"APL", "1:192.0.2.0/3 2:::1/129", 1},
        {"EUI48", "00-00-5e-00-53", 0},
        {"EUI48", "00-00-5e-00-53-2a-00", 0},
        {"NID", "10 0014:4fff:ff20", 1},
        {"CAA", "0", 1},
        {"CAA", "0 \"\" \"x\"", 0},
        {"URI", "10 1", 2},
        {"HTTPS", "1 . alpn", 2},
        {"HTTPS", "1 . alpn=", 2},
        {"HTTPS", "1 . alpn=h2,,h3", 2},
        {"HTTPS", "1 . port=65536", 2},
        {"HTTPS", "1 . port=1 port=2", 3},
        {"HTTPS", "1 . nosuch=1", 2},
        {"HTTPS", "1 . key01=1", 2},
        {"HTTPS", "1 . mandatory=port", 2},
        {"HTTPS", "1 . mandatory=mandatory", 2},
        {"HTTPS", "1 . no-default-alpn=x", 2},
        {"HTTPS", "1 . ipv4hint=192.0.2.1,", 2},
        {"HTTPS", "1 . ech=*", 2},
        {"WKS", "192.0.2.1 6 25", 0},
        {"TYPE65280", "abc", 0},
    };
    static uint8_t out[RDATA_SIZE];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct token_error error = {.bad = 99};
        int result = parse(type_of(cases[i].type), cases[i].text, out, &error);
        if (result != FAIL_SYNTAX || error.bad != cases[i].bad || error.why == NULL) {
            fail_msg("%s %s: result %d, token %zu", cases[i].type, cases[i].text, result, error.bad);
        }
    }
}

static void malformed_wire_is_shown_in_the_generic_form(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *rdata;
        size_t len;
        const char *text;
    } cases[] = {
        {TYPE_A, "\1\2\3", 3, "\\# 3 010203"},
        {TYPE_MX, "\0\1\300\14", 4, "\\# 4 0001C00C"},
        {TYPE_NSEC, "\0\0\1\0", 4, "\\# 4 00000100"},             /* trailing zero octet in the bitmap */
        {TYPE_NSEC, "\0\1\1\1\0\1\1", 7, "\\# 7 00010101000101"}, /* windows descend */
        {TYPE_DS, "\0\1\10\2", 4, "\\# 4 00010802"},              /* nothing where the digest belongs */
        {TYPE_HTTPS, "\0\1\0\0\3\0\1\1", 8, "\\# 8 0001000003000101"},
        {42, "\0\3\1\1\1", 5, "\\# 5 0003010101"}, /* APL of a family without text */
        {29, "\1\0", 2, "\\# 2 0100"},
        {65280, "", 0, "\\# 0"},
        {65280, "\377", 1, "\\# 1 FF"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rdata_text(cases[i].type, (const uint8_t *)cases[i].rdata, cases[i].len, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

static void text_is_cut_at_the_size_of_its_buffer(void **state)
{
    (void)state;
    char text[5];
    assert_int_equal(rdata_text(TYPE_A, (const uint8_t[]){192, 0, 2, 1}, 4, text, sizeof(text)), 4);
    assert_string_equal(text, "192.");
    assert_int_equal(rdata_text(TYPE_A, (const uint8_t[]){192, 0, 2, 1}, 4, text, 1), 0);
    assert_string_equal(text, "");
}

static void names_are_relative_to_the_origin(void **state)
{
    (void)state;
    uint8_t out[RDATA_SIZE];
    assert_int_equal(parse_ok(TYPE_MX, "10 mail", out), 15);
    assert_memory_equal(out, "\0\12\4mail\6origin", 15);
    assert_int_equal(parse_ok(TYPE_NS, "@", out), 8);
    assert_memory_equal(out, "\6origin", 8);
}

static void a_full_buffer_is_not_a_syntax_error(void **state)
{
    (void)state;
    struct token token = {.text = "192.0.2.1", .len = 9};
    struct token_error error;
    uint8_t out[3];
    struct writer w;
    writer_init(&w, out, sizeof(out));
    assert_int_equal(rdata_from_text(TYPE_A, &token, 1, NULL, &w, &error), FAIL_SPACE);
}

static void compressed_names_are_expanded_in_every_type(void **state)
{
    (void)state;
    /* A header, "example." at 12, and an SRV whose target is a pointer, which RFC 2782 forbids and RFC 3597 4 reads. */
    static const uint8_t wire[] = "\0\0\0\0\0\0\0\0\0\0\0\0\7example\0\0\1\0\2\0\3\3sip\300\14";
    struct reader r;
    struct writer w;
    uint8_t out[64];
    reader_init(&r, wire, sizeof(wire) - 1);
    r.at += 12 + 9;
    writer_init(&w, out, sizeof(out));
    assert_int_equal(rdata_read(&r, TYPE_SRV, 12, &w), FAIL_NONE);
    assert_int_equal(writer_len(&w), 6 + 13);
    assert_memory_equal(out, "\0\1\0\2\0\3\3sip\7example", 19);
    assert_int_equal(reader_left(&r), 0);
    r.at -= 12;
    writer_init(&w, out, 10);
    assert_int_equal(rdata_read(&r, TYPE_SRV, 12, &w), FAIL_SPACE);
}

static void canonical_form_lowers_the_names_of_listed_types_only(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text, *canonical;
    } cases[] = {
        {"MX", "10 MaiL.Example.", "10 mail.example."},
        {"SOA", "A. B. 1 2 3 4 5", "a. b. 1 2 3 4 5"},
        {"NAPTR", "1 1 \"U\" \"S\" \"X\" Y.", "1 1 \"U\" \"S\" \"X\" y."},
        {"RRSIG", "A 8 2 300 0 0 1 Example. AQ==", "A 8 2 300 0 0 1 example. AQ=="},
        {"NSEC", "Host.Example. A", "Host.Example. A"},
        {"SVCB", "1 Host.", "1 Host."},
        {"TXT", "\"ABC\"", "\"ABC\""},
    };
    static uint8_t a[RDATA_SIZE], b[RDATA_SIZE];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint16_t type = type_of(cases[i].type);
        int len = parse_ok(type, cases[i].text, a);
        rdata_canonicalise(type, a, (size_t)len);
        assert_int_equal(parse_ok(type, cases[i].canonical, b), len);
        assert_memory_equal(a, b, (size_t)len);
    }
}

static void rdata_sorts_by_octets_and_shorter_first(void **state)
{
    (void)state;
    const uint8_t a[] = {1, 2, 3}, b[] = {1, 2, 200};
    assert_true(rdata_compare(a, 3, b, 3) < 0);
    assert_true(rdata_compare(b, 3, a, 3) > 0);
    assert_true(rdata_compare(a, 2, a, 3) < 0);
    assert_int_equal(rdata_compare(a, 3, a, 3), 0);
    assert_int_equal(rdata_compare(a, 0, b, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_the_same_bytes_in_its_own_and_in_the_generic_form),
        cmocka_unit_test(printed_rdata_parses_back_to_the_same_bytes),
        cmocka_unit_test(every_type_with_fields_is_in_the_table_above),
        cmocka_unit_test(every_prefix_of_fixed_fields_is_malformed),
        cmocka_unit_test(malformed_text_is_refused_with_the_token_at_fault),
        cmocka_unit_test(malformed_wire_is_shown_in_the_generic_form),
        cmocka_unit_test(text_is_cut_at_the_size_of_its_buffer),
        cmocka_unit_test(names_are_relative_to_the_origin),
        cmocka_unit_test(a_full_buffer_is_not_a_syntax_error),
        cmocka_unit_test(compressed_names_are_expanded_in_every_type),
        cmocka_unit_test(canonical_form_lowers_the_names_of_listed_types_only),
        cmocka_unit_test(rdata_sorts_by_octets_and_shorter_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
