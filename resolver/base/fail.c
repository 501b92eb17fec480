#include "resolver/base/fail.h"

const char *fail_text(int code)
{
    switch (code) {
    case FAIL_NONE:
        return "ok";
    case FAIL_WIRE:
        return "malformed bytes";
    case FAIL_SPACE:
        return "no room in the buffer";
    case FAIL_LIMIT:
        return "limit reached";
    case FAIL_STORE:
        return "store failed";
    case FAIL_MEMORY:
        return "out of memory";
    case FAIL_SYNTAX:
        return "syntax error";
    case FAIL_SYSTEM:
        return "system call failed";
    case FAIL_BUSY:
        return "in use";
    default:
        return "unknown failure";
    }
}
