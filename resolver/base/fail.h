/* Result codes shared by all modules, and the attributes that make compilers check their use. */
#ifndef CAIRN_BASE_FAIL_H
#define CAIRN_BASE_FAIL_H

#define MUST_CHECK               __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The hardened build clears automatic variables (-ftrivial-auto-var-init). A buffer on the hot path that is always
 * written before it is read may be exempt. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define UNCLEARED __attribute__((uninitialized))
#endif
#endif
#ifndef UNCLEARED
#define UNCLEARED
#endif

/* Functions that can fail return FAIL_NONE or one of the negative codes; several normal outcomes get an enum of their
 * own instead. */
enum fail {
    FAIL_NONE = 0,
    FAIL_WIRE = -1,   /* bytes from the network or from a store break their format */
    FAIL_SPACE = -2,  /* the output does not fit its buffer; nothing was written */
    FAIL_LIMIT = -3,  /* a named limit (see limits.h, arena.h) was reached */
    FAIL_STORE = -4,  /* the cache or state environment refused */
    FAIL_MEMORY = -5, /* the system gave no memory */
    FAIL_SYNTAX =
        -6, /* text (configuration, master file, name) breaks its grammar; details go to the caller's report */
    FAIL_SYSTEM = -7, /* a system call failed; errno says why */
    FAIL_BUSY = -8    /* somebody else holds it */
};

/* A short lower-case text for `code`, constant, never NULL. */
const char *fail_text(int code);

#endif
