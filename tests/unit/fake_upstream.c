#include "fake_upstream.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"

enum { EXCHANGES_MAX = 64 };

static struct exchange exchanges[EXCHANGES_MAX];
static unsigned count, refusals;

void fake_upstream_reset(void)
{
    count = refusals = 0;
}

void fake_upstream_refuse(unsigned times)
{
    refusals = times;
}

unsigned fake_upstream_count(void)
{
    return count;
}

struct exchange *fake_upstream_at(unsigned index)
{
    return index < count ? &exchanges[index] : NULL;
}

struct exchange *upstream_ask(struct upstream *u, const struct upstream_question *q, upstream_done *done, void *arg)
{
    (void)u;
    if (refusals > 0) {
        refusals--;
        return NULL;
    }
    if (count == EXCHANGES_MAX) {
        abort();
    }
    struct exchange *x = &exchanges[count++];
    *x = (struct exchange){.question = *q, .done = done, .arg = arg};
    name_copy(x->name, q->name);
    x->question.name = x->name;
    return x;
}

void upstream_cancel(struct exchange *x)
{
    if (x->is_over) {
        abort();
    }
    x->is_over = x->was_cancelled = true;
}

static void end(unsigned index, const struct upstream_result *result)
{
    struct exchange *x = fake_upstream_at(index);
    if (x == NULL || x->is_over) {
        abort();
    }
    x->is_over = true;
    x->done(x->arg, result);
}

void fake_upstream_end(unsigned index, enum upstream_outcome outcome)
{
    struct upstream_result result = {.outcome = outcome};
    end(index, &result);
}

void fake_upstream_answer(unsigned index, unsigned rcode)
{
    static const uint8_t rdata[] = {4, 0, 192, 0, 2, 77};
    uint8_t bytes[512];
    struct msg_writer m;
    const struct exchange *x = fake_upstream_at(index);
    if (x == NULL) {
        abort();
    }
    struct question question = {x->name, x->question.type, CLASS_IN};
    struct rrset set = {.owner = x->name, .type = TYPE_A, .ttl = 300, .data = {rdata, sizeof(rdata), 1}};
    msg_begin(&m, bytes, sizeof(bytes), 1, (uint16_t)(MSG_QR | MSG_AA | rcode), &question);
    if (rcode == RCODE_NOERROR && msg_put_rrset(&m, SECTION_ANSWER, &set, false) != FAIL_NONE) {
        abort();
    }
    struct upstream_result result = {
        .outcome = UPSTREAM_REPLY, .bytes = bytes, .len = msg_finish(&m, false), .rtt_us = 1000};
    end(index, &result);
}
