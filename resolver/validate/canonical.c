#include "resolver/validate/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

enum { RECORD_FIXED = 10 }; /* type, class, TTL and length of a record */

static int compare_views(const void *a, const void *b)
{
    const struct rdata_view *x = a;
    const struct rdata_view *y = b;
    return rdata_compare(x->bytes, x->len, y->bytes, y->len);
}

/* The set's RDATA, or a canonical copy where it may differ from that. */
static struct rdatas canonical_data(struct arena *a, const struct rrset *set)
{
    const struct type_info *row = type_find(set->type);
    struct rdatas data = set->data;
    if (row == NULL || !row->lowers_names) {
        return data;
    }
    uint8_t *copy = arena_copy(a, data.bytes, data.len);
    data.bytes = copy;
    struct rdata_view view;
    for (size_t at = 0; copy != NULL && rdatas_next(&data, &at, &view);) {
        rdata_canonicalise(set->type, copy + (view.bytes - copy), view.len);
    }
    return data;
}

int canonical_prepare(struct arena *a, const struct rrset *set, struct canonical *out)
{
    struct rdatas data = canonical_data(a, set);
    out->set = set;
    out->size = RRSIG_FIXED + NAME_SIZE + data.len + (size_t)data.count * (name_len(set->owner) + RECORD_FIXED);
    out->records = arena_take(a, data.count * sizeof(*out->records));
    out->bytes = arena_take(a, out->size);
    if (data.bytes == NULL || out->records == NULL || out->bytes == NULL) {
        return FAIL_SPACE;
    }
    size_t at = 0;
    for (unsigned i = 0; i < data.count; i++) {
        rdatas_next(&data, &at, &out->records[i]);
    }
    if (data.count > 1) {
        qsort(out->records, data.count, sizeof(*out->records), compare_views);
    }
    return FAIL_NONE;
}

/* The owner as it was signed (RFC 4035 5.3.2). */
static size_t signed_owner(const uint8_t *owner, unsigned labels, uint8_t out[NAME_SIZE])
{
    unsigned own = name_labels(owner);
    if (labels >= own) {
        return name_lower(out, owner);
    }
    out[0] = 1;
    out[1] = '*';
    return 2 + name_lower(out + 2, name_strip(owner, own - labels));
}

size_t canonical_write(struct canonical *c, const struct rrsig *sig)
{
    uint8_t owner[NAME_SIZE], signer[NAME_SIZE];
    size_t owner_len = signed_owner(c->set->owner, sig->labels, owner);
    struct writer w;
    writer_init(&w, c->bytes, c->size);
    writer_bytes(&w, sig->signer - RRSIG_FIXED, RRSIG_FIXED);
    writer_bytes(&w, signer, name_lower(signer, sig->signer));
    for (unsigned i = 0; i < c->set->data.count; i++) {
        const struct rdata_view *record = &c->records[i];
        if (i > 0 && compare_views(record, record - 1) == 0) {
            continue;
        }
        writer_bytes(&w, owner, owner_len);
        writer_u16(&w, c->set->type);
        writer_u16(&w, CLASS_IN);
        writer_u32(&w, sig->original_ttl);
        writer_u16(&w, record->len);
        writer_bytes(&w, record->bytes, record->len);
    }
    return writer_len(&w);
}
