/* A scenario: scripted servers, own zones and settings, then questions with the outcome each must have. The grammar
 * stands in README.md. Memory belongs to the arena of the script. */
#ifndef CAIRN_TESTS_SCENARIO_SCRIPT_H
#define CAIRN_TESTS_SCENARIO_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/msg.h"
#include "resolver/iterate/copy.h"
#include "resolver/iterate/query.h"
#include "signing.h"

enum action {
    ACTION_REPLY,
    ACTION_DROP,
    ACTION_UNREACHABLE,
    ACTION_SUSPECT,
    ACTION_CROWDED,
    ACTION_GARBAGE,
    ACTION_CUT
};

/* What a server says to questions that match. */
struct rule {
    struct rule *next;
    struct addr server;
    const uint8_t *name; /* NULL: any */
    bool is_subtree;     /* name and everything below */
    uint16_t type;       /* 0: any */
    int tcp, edns;       /* 1 only with, 0 only without, -1 both */
    unsigned left;       /* matches left */
    enum action action;
    uint16_t flags;
    unsigned rcode;
    uint32_t rtt_ms;
    bool has_opt, has_question;
    bool loses_case;               /* of names: a reply over UDP does not match a question in random case */
    const uint8_t *other_question; /* sent instead of the one asked */
    unsigned filler;               /* records added to additional, to make it large */
    struct ede error;
    bool has_error;
    struct signing signing;
    struct rrset *sections[SECTION_COUNT];
};

/* What an own zone says. */
struct own {
    struct own *next;
    const uint8_t *name;
    bool is_subtree;
    uint16_t type; /* 0: any */
    enum local_hit hit;
    struct local_answer answer;
};

/* One expected line, in the order and form in which answers are printed; NULL-ended list. */
struct line {
    struct line *next;
    const char *text;
    unsigned number;
};

enum step_kind { STEP_ASK, STEP_CLOCK, STEP_CACHE, STEP_FLUSH, STEP_FORGIVE, STEP_LIMIT };

struct step {
    struct step *next;
    unsigned number; /* line in the file */
    enum step_kind kind;
    uint64_t clock_ms;
    const uint8_t *name;
    uint16_t type;
    unsigned flags;
    struct line *expected; /* ASK */
    enum cache_slot slot;  /* CACHE */
    const char *state;     /* CACHE: present, absent, negative, or a status */
    enum limit_id limit;   /* LIMIT: how often hit so far, at least */
    unsigned count;
};

struct script {
    struct arena arena;
    struct policy policy;
    struct cache_policy cache_policy;
    struct rule *rules;
    struct own *own;
    struct step *steps;
    struct zone_copy *root_copy;
    bool use_chance; /* draw numbers instead of always taking the first */
};

/* Reads `path`; prints problems and ends the process on any. */
void script_load(struct script *s, const char *path);

#endif
