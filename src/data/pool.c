#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "muster/base/mem.h"
#include "source.h"

int mu_part_new(struct mu_part *part, const struct mu_pool *pool, size_t n, struct mu_err *err) {
    size_t numbers = 0;
    if (__builtin_mul_overflow(n, pool->width, &numbers)) {
        return mu_fail(err, MU_BAD_CONFIG, NULL, "%zu rows of %zu numbers are too many", n, pool->width);
    }
    part->n = n;
    if ((part->x = mu_alloc_uninit(numbers, mu_elem_bytes(pool->elem), err)) == NULL) {
        return err->code;
    }
    if (pool->task.kind == MU_CLASSIFICATION && (part->label = mu_alloc(n, sizeof *part->label, err)) == NULL) {
        return err->code;
    }
    if (pool->task.kind == MU_REGRESSION && (part->target = mu_alloc(n, sizeof *part->target, err)) == NULL) {
        return err->code;
    }
    return MU_OK;
}

struct mu_rows mu_part_rows(const struct mu_part *part, const struct mu_pool *pool) {
    return (struct mu_rows){
        .n = part->n,
        .width = pool->width,
        .elem = pool->elem,
        .scale = pool->scale,
        .shift = pool->shift,
        .x = part->x,
        .label = part->label,
        .target = part->target,
    };
}

void mu_part_clear(struct mu_part *part) {
    mu_free(part->x);
    mu_free(part->label);
    mu_free(part->target);
    memset(part, 0, sizeof *part);
}

void mu_pool_clear(struct mu_pool *pool) {
    mu_part_clear(&pool->train);
    mu_part_clear(&pool->test);
    mu_free(pool->x0);
    mu_free(pool->group);
    mu_free(pool->owner);
    memset(pool, 0, sizeof *pool);
}

int mu_pool_fits(size_t n, size_t width, size_t size, const char *place, struct mu_err *err) {
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    size_t bytes = 0;
    const bool overflow = __builtin_mul_overflow(n, width, &bytes) || __builtin_mul_overflow(bytes, size, &bytes);
    if (pages <= 0 || page_bytes <= 0) {
        return overflow ? mu_fail(err, MU_BAD_CONFIG, place, "%zu x %zu numbers are too many", n, width) : MU_OK;
    }
    const double host_bytes = (double)pages * (double)page_bytes;
    if (overflow || (double)bytes > host_bytes) {
        return mu_fail(err, MU_BAD_CONFIG, place, "%zu x %zu numbers need %.3g GiB; this host has %.3g GiB", n, width,
                       (double)n * (double)width * (double)size / 0x1p30, host_bytes / 0x1p30);
    }
    return MU_OK;
}

int mu_space_reserve(struct mu_space *space, size_t n, size_t width, size_t size, struct mu_err *err) {
    MU_TRY(mu_grow(&space->x, &space->x_capacity, n * width, size, err));
    MU_TRY(mu_grow(&space->label, &space->label_capacity, n, sizeof(int32_t), err));
    return MU_OK;
}

int mu_data_fail(const char *file, const char *field, struct mu_err *err, const char *format, ...) {
    char place[512], text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    char pointer[128] = "/data";
    const char *const last = field != NULL ? strrchr(field, '/') : NULL;
    if (last != NULL) {
        snprintf(pointer, sizeof pointer, "/data/%.*s", (int)(last - field), field);
        field = last + 1;
    }
    return mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, field), "%s", text);
}
