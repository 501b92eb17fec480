/* Replays files, or the files of a directory, through a fuzz target: the corpus as an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    /* An exact-size heap copy lets AddressSanitizer see every read past the end. */
    uint8_t *data = NULL;
    size_t len = 0;
    uint8_t block[4096];
    for (size_t got; (got = fread(block, 1, sizeof(block), f)) > 0;) {
        uint8_t *grown = realloc(data, len + got);
        if (grown == NULL) {
            exit(1);
        }
        memcpy(grown + len, block, got);
        data = grown;
        len += got;
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    return 1;
}

static unsigned replay_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(st.st_mode)) {
        return replay_file(path);
    }
    unsigned count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char file[4096];
        if (entry->d_name[0] != '.' && snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) < (int)sizeof(file)) {
            count += replay_file(file);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        count += replay_path(argv[i]);
    }
    printf("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
