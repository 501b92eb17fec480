#include "resolver/iterate/beside.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/pick.h"
#include "resolver/iterate/servers.h"

enum { EXPLORE_ONE_IN = 20 };

struct send beside_packet(const struct frame *f, const struct addr *server, uint8_t name[NAME_SIZE])
{
    name_lower(name, f->cut.zone);
    return (struct send){.server = *server,
                         .zone = f->cut.zone,
                         .name = name,
                         .type = TYPE_SOA,
                         .use_edns = true,
                         .recursion = f->cut.source == CUT_FORWARD,
                         .timeout_ms = SERVERS_TIMEOUT_MAX_MS};
}

static uint32_t below(const struct query *q, uint32_t bound)
{
    return q->resolver->random_below(q->resolver->random_ctx, bound);
}

/* Nothing was heard of it lately, neither good nor bad. */
static bool is_forgotten(const struct query *q, const struct server_info *info)
{
    uint64_t heard_at = info == NULL ? 0 : info->replied_at > info->failed_at ? info->replied_at : info->failed_at;
    return heard_at == 0 || q->now - heard_at >= SERVERS_TRIAL_MS;
}

/* Another server of the zone that could be asked. While nothing is known of the one that is asked there is nothing to
 * compare with. */
static const struct target *explore(struct query *q, struct frame *f, const struct target *asked)
{
    const struct server_info *info = pick_info(q, asked);
    unsigned count = f->cut.target_count;
    if (info == NULL || info->srtt_us == 0 || count < 2 || below(q, EXPLORE_ONE_IN) != 0) {
        return NULL;
    }
    struct target *other = &f->cut.targets[below(q, count)];
    info = pick_info(q, other);
    bool is_resting = info != NULL && q->now < info->dead_until;
    return other != asked && !is_resting && is_forgotten(q, info) && pick_may_ask(q, f, other) ? other : NULL;
}

/* It gets its questions over TCP for its silence over UDP, and that was some time ago. */
static bool may_have_udp(const struct query *q, const struct target *t)
{
    const struct server_info *info = pick_info(q, t);
    return !t->needs_tcp &&
           (servers_udp_is_lost(q->resolver->servers, &t->addr) ||
            (info != NULL && q->now < info->tcp_until && info->tcp_until - q->now <= SERVERS_TRIAL_MS));
}

void beside_decide(struct query *q, struct frame *f, const struct target *asked, bool is_tcp)
{
    const struct target *t = NULL;
    if (is_tcp) {
        t = may_have_udp(q, asked) ? asked : NULL;
    } else {
        t = explore(q, f, asked);
    }
    q->has_beside = t != NULL && servers_may_try(q->resolver->servers, &t->addr, q->now);
    if (q->has_beside) {
        q->beside = beside_packet(f, &t->addr, q->beside_name);
    }
}
