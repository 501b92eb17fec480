#include "resolver/iterate/limits.h"

const struct limits limits_default = {{
#define LIMIT_VALUE(name, value, text) [LIMIT_ID_##name] = (value),
    LIMIT_TABLE(LIMIT_VALUE)
#undef LIMIT_VALUE
}};

static const char *const names[LIMIT_COUNT] = {
#define LIMIT_NAME(name, value, text) [LIMIT_ID_##name] = #name,
    LIMIT_TABLE(LIMIT_NAME)
#undef LIMIT_NAME
#define LIMIT_NAME(name, text) [LIMIT_ID_##name] = #name,
        LIMIT_CACHE_TABLE(LIMIT_NAME)
#undef LIMIT_NAME
};

static const char *const meanings[LIMIT_COUNT] = {
#define LIMIT_MEANING(name, value, text) [LIMIT_ID_##name] = (text),
    LIMIT_TABLE(LIMIT_MEANING)
#undef LIMIT_MEANING
#define LIMIT_MEANING(name, text) [LIMIT_ID_##name] = (text),
        LIMIT_CACHE_TABLE(LIMIT_MEANING)
#undef LIMIT_MEANING
};

const char *limit_name(enum limit_id id)
{
    return names[id];
}

const char *limit_meaning(enum limit_id id)
{
    return meanings[id];
}
