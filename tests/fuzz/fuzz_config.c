/* Any bytes as a configuration file: they load or are refused with messages, and what loads prints as text that loads
 * as the same configuration. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(void *arg, const struct config_problem *problem)
{
    (void)arg;
    if (problem->message == NULL || problem->width == 0 || problem->file == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    /* A root-hints path would be opened: name a directory that does not exist. */
    struct config *c = config_parse((const char *)data, len, "/nonexistent/cairn.yaml", check, NULL);
    if (c == NULL) {
        return 0;
    }
    char *text = config_text(c, true);
    struct config *again = config_parse(text, strlen(text), "/nonexistent/cairn.yaml", check, NULL);
    char *text_again = again != NULL ? config_text(again, true) : NULL;
    if (text_again == NULL || strcmp(text, text_again) != 0) {
        abort();
    }
    free(text);
    free(text_again);
    config_free(c);
    config_free(again);
    return 0;
}
