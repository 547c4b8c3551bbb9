/* What a program leaves behind when it has ended: ranks outlive an mpirun that was killed, and are in process groups of
 * their own. This process has declared itself the one that inherits them (PR_SET_CHILD_SUBREAPER), and whatever they
 * leave in turn. Children that are not the program's may be there, too, since this process can have been a shell
 * before: the mark tells. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "muster/base/clock.h"
#include "supervise.h"

enum {
    PATIENCE_MS = 2000, /* a process in an uninterruptible wait outlives its SIGKILL */
    NAP_MS = 5,
};

/* The state letter of a child of this process, or 0 if it is not one. */
static char see_child(const char *pid) {
    char path[64], stat[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return 0;
    }
    const size_t n = fread(stat, 1, sizeof stat - 1, file);
    fclose(file);
    stat[n] = '\0';
    /* "7 (any (name)) S 1 ...": state, parent */
    const char *at = strrchr(stat, ')');
    char state = 0;
    long parent = 0;
    return at != NULL && sscanf(at, ") %c %ld", &state, &parent) == 2 && parent == getpid() ? state : 0;
}

static bool has_mark(const char *pid, const char *mark) {
    char path[64], *item = NULL;
    snprintf(path, sizeof path, "/proc/%.20s/environ", pid);
    FILE *file = fopen(path, "r");
    size_t capacity = 0;
    bool found = false;
    while (file != NULL && !found && getdelim(&item, &capacity, '\0', file) > 0) {
        found = strcmp(item, mark) == 0;
    }
    free(item);
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* Kills children with the mark; how many there were, those included that are dead and not yet waited for. */
static size_t kill_children(const char *mark) {
    DIR *all = opendir("/proc");
    size_t n = 0;
    for (const struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        const char state = isdigit((unsigned char)entry->d_name[0]) ? see_child(entry->d_name) : 0;
        if (state == 'Z') {
            n++;
        } else if (state != 0 && has_mark(entry->d_name, mark)) {
            kill((pid_t)atol(entry->d_name), SIGKILL);
            n++;
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return n;
}

void mu_end_survivors(const char *mark) {
    const int64_t end_ns = mu_monotonic_ns() + (int64_t)PATIENCE_MS * 1000000;
    for (;;) {
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        }
        if (pid < 0 || kill_children(mark) == 0 || mu_monotonic_ns() > end_ns) {
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
    }
}
