/* What a query knows between two steps. Private to this folder.
 *
 * A query is a stack of frames. The lowest frame is the client's question; each frame above it looks up what the one
 * below needs: the address of a name server, or DS or DNSKEY records to validate with. Only the top frame works. All
 * share one budget, one trace and one arena. */
#ifndef CAIRN_ITERATE_STATE_H
#define CAIRN_ITERATE_STATE_H

#include "resolver/iterate/cut.h"
#include "resolver/iterate/query.h"
#include "resolver/validate/verdict.h"

struct finding;
struct raw;
struct zone_trust;

/* How a frame ended, or that it has not. */
enum outcome {
    OUTCOME_OPEN,
    OUTCOME_ANSWER,        /* rcode and sections hold the answer, negative ones included */
    OUTCOME_FAILED,        /* SERVFAIL: its own servers failed it */
    OUTCOME_LIMIT,         /* SERVFAIL: a limit of the query, which says nothing about this question in another query */
    OUTCOME_BOGUS,         /* SERVFAIL: validation failed (f->bogus) */
    OUTCOME_CROWDED,       /* SERVFAIL: too many others ask the zone's servers at this moment: not to be remembered */
    OUTCOME_KNOWN_FAILURE, /* SERVFAIL: remembered from a moment ago */
    OUTCOME_MISS           /* the cache is not enough and servers may not be asked */
};

struct hearsay;

/* One question. */
struct frame {
    struct frame *parent;
    unsigned depth; /* 0: the client's */
    uint64_t deadline;
    unsigned lookups;      /* look-ups of addresses that it is nested in */
    bool is_raw;           /* for chain.h: its answer is taken as it is */
    const uint8_t *origin; /* asked at first */
    const uint8_t *name;   /* asked now: an alias moves it on */
    uint16_t type;
    unsigned aliases;     /* links followed */
    const uint8_t *above; /* a zone that must not be entered, because the address of its server is sought; or NULL */
    enum outcome outcome;
    unsigned rcode;
    struct rrset *sections[SECTION_COUNT]; /* the answer so far */
    struct finding *findings;              /* what it consists of, for validation (finding.h) */
    struct addr source;                    /* who gave the last of it */
    bool is_local;                         /* own data had a part */
    const struct ede *why;                 /* of a failure; NULL: not told */
    struct finding *bogus;                 /* of OUTCOME_BOGUS: the link that is */
    struct finding *doubted;               /* was bogus, and is asked for once more */

    struct cut cut;          /* where the walk for `name` stands */
    unsigned sends;          /* for `name` */
    unsigned silences;       /* UDP time-outs in a row for `name` */
    unsigned shown;          /* labels of `name` that the servers of the cut are asked for; 0: not decided yet */
    unsigned steps;          /* questions for part of `name` that led to no deeper zone */
    struct target *asked;    /* whose reply is awaited */
    bool seeks_parent;       /* a DS question whose reply came from the child: the zone above it is sought */
    bool has_sought_parent;  /* and there is none */
    unsigned server_awaited; /* index in the cut of the server whose address the frame above looks up */
    const uint8_t *own_cut;  /* the delegation out of an own zone that the walk for `name` began at; NULL: none */
    bool is_bare;            /* known_find has just seen that nothing is cached for `name` */
    bool is_fresh;           /* `name` is to be asked of servers, whatever the cache holds */
    struct addr avoid;       /* preferably not of this one; len 0: none */
    bool is_disowned;        /* a server of the cut said that it does not serve the zone */
    struct cut left;         /* the cut given up for that, while its zone is asked for anew */
    struct hearsay *hearsay; /* an answer for want of better (hearsay.h) */
    bool is_starved;         /* a limit kept it from looking up an address: its failure proves nothing */

    const struct msg *reply; /* a forwarder's, of this step, for the next link of its chain; NULL: none */
    const uint8_t *reply_zone;
};

enum { STREAMS_MAX = 4 };

struct query {
    struct query *next_spare; /* when it is one */
    struct resolver *resolver;
    struct arena arena;
    struct question question;
    uint8_t question_name[NAME_SIZE];
    const uint8_t *first_name;       /* of the client's chain that is not own data; NULL: not known yet */
    unsigned flags;                  /* enum query_flag */
    uint32_t epoch;                  /* of the cache when the query began */
    uint64_t now;                    /* of this step */
    const struct query_event *event; /* of this step */
    uint64_t deadline;
    struct expense expense;     /* likewise, of cryptography */
    uint32_t rested;            /* its effort when this step began */
    bool is_validated;          /* the client wants validated data */
    struct raw *raws;           /* chain.h */
    uint64_t chain_deadline;    /* of the frames for them */
    struct zone_trust *zones;   /* trust_recall.h */
    struct ede faults[EDE_MAX]; /* why the chain could not be followed */
    unsigned fault_count;
    enum outcome fault_outcome;       /* of the question that had no answer */
    uint32_t used[LIMIT_COUNT];       /* the budget: what was spent of each limit that counts per query */
    struct addr streams[STREAMS_MAX]; /* servers that answered over TCP */
    unsigned stream_count;
    struct frame *top;
    uint8_t send_name[NAME_SIZE];
    struct send send;
    bool has_beside;
    uint8_t beside_name[NAME_SIZE];
    struct send beside;
    struct answer answer;
    struct ede reason; /* a forwarder's own, for the client */
    bool has_reason;
    const struct cache_entry *failure; /* that the client's question ended with; NULL: none */
    const struct answer *stale;        /* once sought */
    bool has_sought_stale;
    bool is_local;      /* own data had a part */
    bool authoritative; /* and began the answer */
    struct trace trace; /* last: only its used steps are ever touched */
};

/* What the step loop does next. */
enum next {
    NEXT_SEND,    /* q->send is filled: hand it to the driver */
    NEXT_RESOLVE, /* the top frame has a question to begin with: it is new, or an alias moved it on */
    NEXT_PAUSE,   /* let others have their turn first */
    NEXT_DONE     /* the top frame has an outcome */
};

/* Whether a source of knowledge settled the top frame's question. */
enum known {
    KNOWN_NOTHING,
    KNOWN_ANSWER, /* the frame has its outcome */
    KNOWN_ALIAS   /* f->name has moved on to the target of an alias */
};

static inline const struct limits *query_limits(const struct query *q)
{
    return &q->resolver->policy->limits;
}

/* Spends `amount` of a limit that all frames share. False when it is used up: the caller ends with OUTCOME_LIMIT or
 * does without. */
bool query_spend(struct query *q, enum limit_id id, uint32_t amount);

/* Spends one of a limit whose end is not what the query fails for: counted, not traced. */
bool query_try(struct query *q, enum limit_id id);

/* Counts and traces that a limit ended some work. */
void query_hit_limit(struct query *q, enum limit_id id);

/* Puts an entry into the cache, if it takes it, and counts the limits that the entry is too large for. */
void query_store(struct query *q, const struct cache_entry *e);

/* Forgets where the walk for f->name stands: it begins. */
void frame_begin(struct frame *f);

/* Ends the frame: NEXT_DONE. */
enum next frame_end(struct frame *f, enum outcome outcome, unsigned rcode);

/* Ends the frame because the query's memory is used up. */
enum next frame_end_memory(struct query *q, struct frame *f);

/* Puts a frame for (name, type) on top of the stack. False: no memory. */
bool frame_push(struct query *q, const uint8_t *name, uint16_t type);

#endif
