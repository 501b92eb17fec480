/* Any JSON as the contents of the state directory's files: what is read is written as the same again. */
#include <stdint.h>
#include <stdlib.h>

#include "resolver/server/keeper_json.h"
#include "resolver/server/nta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_rollover(const json_t *data)
{
    struct arena a;
    struct rollover r, again;
    arena_init(&a, 2 * ROLLOVER_STATE_MAX);
    if (rollover_from_json(data, &a, &r)) {
        json_t *written = rollover_json(&r);
        json_t *report = rollover_report(&r);
        if (written == NULL || report == NULL || !rollover_from_json(written, &a, &again)) {
            abort();
        }
        json_t *rewritten = rollover_json(&again);
        if (!json_equal(written, rewritten)) {
            abort();
        }
        json_decref(rewritten);
        json_decref(report);
        json_decref(written);
    }
    arena_fini(&a);
}

static void check_ntas(const json_t *data)
{
    struct ntas list = {0}, again = {0};
    if (ntas_from_json(&list, data)) {
        json_t *written = ntas_json(&list);
        if (!ntas_from_json(&again, written) || list.count != again.count) {
            abort();
        }
        json_decref(written);
    }
    ntas_free(&again);
    ntas_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    json_t *all = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);
    (void)rollovers_are_readable(all);
    check_rollover(json_array_get(all, 0));
    check_ntas(all);
    json_decref(all);
    return 0;
}
