/* Validation of the client's answer (RFC 4035 5): each link of its alias chain gets its status. Work is done by
 * starting over: what is missing is fetched by frames of their own, then the check begins anew and finds more. */
#ifndef CAIRN_ITERATE_SECURE_H
#define CAIRN_ITERATE_SECURE_H

#include "resolver/iterate/state.h"

/* To be called whenever the client's frame has an outcome. NEXT_DONE: it stands, perhaps as a failure now;
 * NEXT_RESOLVE: another frame is on top, or the frame has begun anew; NEXT_PAUSE: again, after others had their turn.
 */
enum next secure_check(struct query *q, struct frame *f);

/* What there is to say about the status: of a failure all of it, else why the answer is insecure. Writes up to EDE_MAX
 * errors, returns how many. */
unsigned secure_errors(const struct query *q, const struct frame *f, struct ede out[EDE_MAX]);

#endif
