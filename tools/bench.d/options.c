#include "options.h"

#include "address.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS       (1U << 20)
#define FLOOD_FIRST UINT64_C(50000000) /* index of the first name of a flood */

static const struct {
    const char *text;
    uint16_t code;
} types[] = {{"A", 1}, {"NS", 2}, {"TXT", 16}, {"AAAA", 28}, {"HTTPS", 65}};

static const char usage[] =
    "usage: load --server ADDRESS@PORT [option]...\n"
    "  --name PATTERN   names to ask for; runs of # become digits of an index (w.z########.t#)\n"
    "  --names N        size of the set, 0 for names that never repeat (0)\n"
    "  --first N        index of the first name (0)\n"
    "  --scatter        ask the set in an order that jumps about\n"
    "  --zipf S         popularity of the set falls with rank to the power S; default: one after the other\n"
    "  --type TYPE      A, AAAA, HTTPS, NS or TXT (A)\n"
    "  --edns           add an OPT record\n"
    "  --mix            names, types and flags as clients send them, whatever --name and --type say\n"
    "  --flood PERCENT  so many of the questions are for new names, and not counted among the latencies\n"
    "  --echo           the server is a reflector\n"
    "  --tcp            over TCP, one connection per lane\n"
    "  --lanes N        sockets (8)\n"
    "  --window N       questions on the way (256)\n"
    "  --rate N         questions per second, on a schedule; default: closed loop\n"
    "  --skip N         begin where a run with --count N ended (0)\n"
    "  --count N        stop after N questions; default: no limit\n"
    "  --seconds S      stop after S seconds (10)\n"
    "  --timeout MS     after that a question is lost (4000)\n";

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "load: %s: %s\n%s", what, value, usage);
    return false;
}

static bool read_number(const char *text, double least, double most, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= least && *out <= most;
}

static bool read_type(const char *text, uint16_t *out)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(text, types[i].text) == 0) {
            *out = types[i].code;
            return true;
        }
    }
    return complain("unknown type", text);
}

/* Numeric options by letter, with their range. */
static const struct limit {
    char letter;
    double least, most;
} limits[] = {{'N', 0, 1e15}, {'f', 0, 1e15},    {'z', 0.01, 10}, {'l', 1, LANES_MAX}, {'w', 1, 65536}, {'r', 1, 1e8},
              {'c', 1, 1e15}, {'S', 0.001, 1e6}, {'o', 1, 60000}, {'F', 0, 100},       {'k', 0, 1e15}};

static bool set_number(struct options *o, int letter, const char *text)
{
    double value = 0;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (limits[i].letter == letter && !read_number(text, limits[i].least, limits[i].most, &value)) {
            return complain("not a number in range", text);
        }
    }
    switch (letter) {
    case 'N':
        o->names = (uint64_t)value;
        break;
    case 'f':
        o->first = (uint64_t)value;
        break;
    case 'z':
        o->zipf = value;
        break;
    case 'l':
        o->lanes = (int)value;
        break;
    case 'w':
        o->window = (int)value;
        break;
    case 'r':
        o->rate = (uint64_t)value;
        break;
    case 'c':
        o->count = (uint64_t)value;
        break;
    case 'S':
        o->seconds = value;
        break;
    case 'k':
        o->skip = (uint64_t)value;
        break;
    case 'F':
        o->flood = value / 100;
        break;
    default:
        o->timeout_ms = (int)value;
        break;
    }
    return true;
}

static bool check(const struct options *o)
{
    if (o->server.sin_port == 0) {
        return complain("missing", "--server");
    }
    if (o->zipf > 0 && (o->names == 0 || o->names > UINT32_MAX)) {
        return complain("--zipf needs", "--names between 1 and 4294967295");
    }
    if (o->window < o->lanes || o->window / o->lanes > LANE_SLOTS) {
        return complain("--window does not fit", "between 1 and 4096 per lane");
    }
    return true;
}

bool options_parse(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {
        {"server", required_argument, 0, 's'},  {"name", required_argument, 0, 'n'},
        {"names", required_argument, 0, 'N'},   {"first", required_argument, 0, 'f'},
        {"zipf", required_argument, 0, 'z'},    {"type", required_argument, 0, 't'},
        {"edns", no_argument, 0, 'e'},          {"echo", no_argument, 0, 'E'},
        {"tcp", no_argument, 0, 'T'},           {"mix", no_argument, 0, 'm'},
        {"scatter", no_argument, 0, 'j'},       {"flood", required_argument, 0, 'F'},
        {"lanes", required_argument, 0, 'l'},   {"window", required_argument, 0, 'w'},
        {"rate", required_argument, 0, 'r'},    {"skip", required_argument, 0, 'k'},
        {"count", required_argument, 0, 'c'},   {"seconds", required_argument, 0, 'S'},
        {"timeout", required_argument, 0, 'o'}, {0}};
    const char *name = "w.z########.t#";
    uint16_t type = 1;
    bool edns = false;
    bool good = true;
    *o = (struct options){.seconds = 10, .lanes = 8, .window = 256, .timeout_ms = 4000};
    for (int c; good && (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 's':
            good = address_parse(optarg, &o->server) || complain("not ADDRESS@PORT", optarg);
            break;
        case 'n':
            name = optarg;
            break;
        case 't':
            good = read_type(optarg, &type);
            break;
        case 'e':
            edns = true;
            break;
        case 'E':
            o->echo = true;
            break;
        case 'T':
            o->tcp = true;
            break;
        case 'm':
            o->mix = true;
            break;
        case 'j':
            o->scatter = true;
            break;
        case '?':
            good = complain("see", "the options below");
            break;
        default:
            good = set_number(o, c, optarg);
            break;
        }
    }
    good = good && (optind == argc || complain("unexpected", argv[optind]));
    return good && (pattern_init(&o->pattern, name, type, edns) || complain("not a name", name)) && check(o);
}

/* xorshift64*: the same order in every run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static uint32_t draw(const double *sums, uint32_t names, uint64_t *state)
{
    double wanted = (double)(next_random(state) >> 11) / 9007199254740992.0 * sums[names - 1];
    uint32_t low = 0;
    uint32_t high = names - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sums[middle] > wanted) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool draw_all(struct sequence *s, double exponent)
{
    double *sums = malloc(s->names * sizeof *sums);
    s->draws = malloc(DRAWS * sizeof *s->draws);
    if (sums == NULL || s->draws == NULL) {
        free(sums);
        return false;
    }
    double sum = 0;
    for (uint64_t i = 0; i < s->names; i++) {
        sum += pow((double)(i + 1), -exponent);
        sums[i] = sum;
    }
    uint64_t state = 88172645463325252U;
    for (uint32_t i = 0; i < DRAWS; i++) {
        s->draws[i] = draw(sums, (uint32_t)s->names, &state);
    }
    free(sums);
    return true;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    return b == 0 ? a : common_divisor(b, a % b);
}

/* Steps of this size meet every name of the set once before they meet one again. */
static uint64_t choose_stride(const struct options *o)
{
    uint64_t stride = 1;
    if (o->scatter && o->names != 0) {
        stride = (uint64_t)((double)o->names * .618) | 1;
        while (common_divisor(stride, o->names) != 1) {
            stride += 2;
        }
    }
    return stride;
}

bool sequence_init(struct sequence *s, const struct options *o)
{
    *s = (struct sequence){.first = o->first, .names = o->names, .stride = choose_stride(o)};
    if (o->zipf > 0) {
        s->next = o->skip;
        return draw_all(s, o->zipf);
    }
    for (uint64_t left = o->names == 0 ? 0 : o->skip % o->names; left > 0; left--) {
        sequence_next(s);
    }
    s->next += o->names == 0 ? o->skip : 0;
    return true;
}

void sequence_fini(struct sequence *s)
{
    free(s->draws);
}

uint64_t sequence_next(struct sequence *s)
{
    if (s->draws != NULL) {
        return s->first + s->draws[s->next++ % DRAWS];
    }
    uint64_t index = s->first + s->next;
    s->next += s->stride;
    if (s->names != 0 && s->next >= s->names) {
        s->next -= s->names;
    }
    return index;
}

uint64_t sequence_flood(struct sequence *s)
{
    return FLOOD_FIRST + s->first + s->flooded++;
}
