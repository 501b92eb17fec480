#include "signed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOP_LEVEL = 10 };

struct head {
    char magic[8];
    uint32_t zones;
    uint16_t key_len, signature_len;
    uint8_t ds[SIGNED_DS_LEN];
};

bool signed_open(struct signed_tree *t, const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || (size_t)info.st_size < sizeof(struct head)) {
        return false;
    }
    const uint8_t *file = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (file == MAP_FAILED) {
        return false;
    }
    const struct head *h = (const void *)file;
    t->zones = h->zones;
    t->key_len = h->key_len;
    t->rrsig_len = SIGNED_RRSIG_FIXED + h->signature_len;
    t->record_len = t->key_len + SIGNED_DS_LEN + SIGNED_SETS * t->rrsig_len;
    t->records = file + sizeof *h;
    size_t records = 1U + TOP_LEVEL + t->zones;
    return memcmp(h->magic, "cairnsig", sizeof h->magic) == 0 &&
           (size_t)info.st_size == sizeof *h + records * t->record_len;
}

bool signed_find(const struct signed_tree *t, unsigned labels, uint32_t number, struct signed_zone *out)
{
    static const uint32_t first[] = {0, 1, 1 + TOP_LEVEL};
    if (t->records == NULL || labels > 2 || (labels == 2 && number >= t->zones)) {
        return false;
    }
    out->key = t->records + (first[labels] + number) * t->record_len;
    out->ds = out->key + t->key_len;
    for (unsigned i = 0; i < SIGNED_SETS; i++) {
        out->rrsig[i] = out->ds + SIGNED_DS_LEN + i * t->rrsig_len;
    }
    return true;
}
