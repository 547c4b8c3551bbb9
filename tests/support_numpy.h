/* Python with numpy, where a machine has it, as the judge of files. Header-only. */
#ifndef MUSTER_TESTS_SUPPORT_NUMPY_H
#define MUSTER_TESTS_SUPPORT_NUMPY_H

#include <sys/wait.h>

#include "support.h"

/* Runs a script in `dir`, numpy imported, %s in it replaced by `value`; its exit code, 0 if no assertion failed. What
 * it says goes to the directory's file python.log. */
static inline int support_numpy(const char *dir, const char *script, const char *value) {
    const char *python = getenv("MUSTER_PYTHON");
    char name[512];
    char command[1600];
    if (python == NULL) {
        python = access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3";
    }
    snprintf(name, sizeof name, "%s/check.py", dir);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs("import numpy\n", file);
    const char *gap = strstr(script, "%s");
    const size_t before = gap == NULL ? strlen(script) : (size_t)(gap - script);
    fwrite(script, 1, before, file);
    if (gap != NULL) {
        fprintf(file, "%s%s", value, gap + 2);
    }
    fclose(file);
    /* A sanitizer that this program may be run under is not for python. */
    snprintf(command, sizeof command, "cd '%s' && LD_PRELOAD= '%s' check.py > python.log 2>&1", dir, python);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether there is such a python; says so if not, for the log of a skipped test. */
static inline bool support_has_numpy(void) {
    char dir[256];
    support_temp_dir(dir);
    const bool has = support_numpy(dir, "", "") == 0;
    support_remove_dir(dir);
    if (!has) {
        print_message("skipped: no python3 with numpy (MUSTER_PYTHON names another)\n");
    }
    return has;
}

#endif
