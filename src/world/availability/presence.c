#include "muster/world/availability.h"
#include "ns.h"

int mu_presence_init(struct mu_presence *p, const struct mu_choice *choice, const struct mu_law_scope *scope,
                     struct mu_err *err) {
    *p = (struct mu_presence){.seed = scope->seed, .clients = scope->clients};
    if (choice->kind == NULL) {
        return MU_OK;
    }
    /* A kind is the first member of its row. */
    p->row = (const struct mu_availability *)choice->kind;
    p->options = choice->options;
    const int rc = p->row->prepare == NULL ? MU_OK : p->row->prepare(p, scope, err);
    if (rc != MU_OK) {
        mu_presence_clear(p);
    }
    return rc;
}

void mu_presence_clear(struct mu_presence *p) {
    if (p->row != NULL && p->row->release != NULL) {
        p->row->release(p);
    }
    *p = (struct mu_presence){0};
}

bool mu_presence_at(const struct mu_presence *p, uint32_t client, uint64_t t, uint64_t *until) {
    if (p->row == NULL || p->row->at == NULL) {
        *until = MU_NEVER;
        return true;
    }
    const bool available = p->row->at(p, client, t, until);
    if (*until <= t || *until >= MU_LONGEST) { /* time has ended before it */
        *until = MU_NEVER;
    }
    return available;
}
