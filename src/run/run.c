/* One run: stage, result directory, engine, summary. */
#include "muster/run/run.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "directory.h"
#include "muster/base/clock.h"
#include "muster/base/file.h"

enum {
    CHECKPOINT_EVERY_S = 60, /* unless the config says otherwise */
    LOCK_WAIT_S = 5,         /* for the ranks of a run that was killed a moment ago */
};

static int run_engine(const struct mu_stage *stage, const struct mu_observer *observer, const char *directory,
                      bool resume, struct mu_pause pause, struct mu_sim_result *sim, struct mu_err *err) {
    const struct mu_scenario *s = stage->scenario;
    const int64_t every = s->output.checkpoint_every_steps;
    char checkpoints[4400];
    struct mu_checkpointing checkpoint = {
        .directory = mu_result_path(checkpoints, directory, "checkpoint"),
        .every_steps = every == MU_UNSET ? 0 : (uint64_t)every,
        .every_s = every == MU_UNSET ? CHECKPOINT_EVERY_S : 0,
        .resume = resume,
    };
    char config[4400];
    const int code = mu_comm_rank(stage->comm) == 0
                         ? mu_file_sha256(mu_result_path(config, directory, "config.json"), checkpoint.identity, err)
                         : MU_OK;
    MU_TRY(mu_comm_agree(stage->comm, code, err));
    const struct mu_sim_setup setup = {
        .file = stage->file,
        .seed = (uint64_t)s->seed,
        .comm = stage->comm,
        .data = stage->data,
        .model = stage->model,
        .client = &s->client,
        .world = stage->world,
        .strategy = mu_scenario_strategy(s),
        .strategy_state = s->server.strategy.options,
        .server_optimizer = &s->server.optimizer,
        .privacy = &stage->privacy,
        .importance = (enum mu_importance)s->server.importance,
        .stop = &s->stop,
        .evaluate = &s->evaluate,
        .observer = observer,
        .checkpoint = mu_world_on_wall(&s->world) ? NULL : &checkpoint,
        .pause = pause,
        .wall_scale = mu_world_on_wall(&s->world) ? s->world.wall_scale : 0,
        .replay = stage->replay,
    };
    return mu_sim_run(&setup, sim, err);
}

static void fill_run_result(const struct mu_recorder *recorder, const struct mu_sim_result *sim,
                            struct mu_run_result *result) {
    result->end = sim->end;
    result->saved = sim->saved;
    result->steps = sim->steps;
    result->test_accuracy = recorder->so_far.last.test_accuracy;
    result->test_loss = recorder->so_far.last.test_loss;
    result->wall_s = mu_monotonic_s() - recorder->start_s;
    result->samples_per_s = result->wall_s > 0 ? (double)recorder->so_far.last.samples / result->wall_s : 0;
}

static int refuse_diverged(const struct mu_recorder *recorder, const struct mu_sim_result *sim, struct mu_err *err) {
    const struct mu_evaluation *last = &recorder->so_far.last;
    const struct mu_divergence_config *rule = &recorder->scenario->stop.diverged;
    if (!isfinite(last->train_loss)) {
        return mu_fail(err, MU_DIVERGED, NULL, "diverged at step %" PRIu64 ": the train loss is not finite",
                       last->step);
    }
    return mu_fail(err, MU_DIVERGED, NULL,
                   "diverged at step %" PRIu64 ": the train loss is %.6g; its best was %.6g, and %" PRIu64
                   " evaluations were above %.6g times that",
                   last->step, last->train_loss, sim->divergence.best, sim->divergence.worse, rule->factor);
}

/* Rank 0: closes the books of a run that ended in good order, or notes why it did not. */
static int finish(struct mu_recorder *recorder, const struct mu_stage *stage, struct mu_manifest *manifest,
                  const struct mu_sim_result *sim, int code, struct mu_run_result *result, struct mu_err *err) {
    mu_progress_done(recorder);
    if (code == MU_OK) {
        fill_run_result(recorder, sim, result);
        code = mu_summary_write(recorder, stage, sim, result, err);
    }
    const int closed = mu_recorder_close(recorder, err);
    code = code != MU_OK ? code : closed;
    manifest->end_time = (int64_t)time(NULL);
    if (code == MU_OK) {
        code = mu_manifest_write(manifest, recorder->directory, stage->scenario, err);
    }
    if (code == MU_OK && !recorder->hasty) {
        code = mu_directory_settle(recorder->directory, err);
    }
    if (code == MU_OK && sim->end == MU_END_DIVERGED) {
        code = refuse_diverged(recorder, sim, err);
    }
    if (code == MU_OK) {
        const bool stopped = sim->end == MU_END_INTERRUPTED || sim->end == MU_END_PAUSED;
        return mu_recorder_status(recorder, stopped ? "stopped" : "done", NULL, err);
    }
    /* The failure is what matters; that its note could not be written either (a full disk) is no news. */
    struct mu_err ignored = {0};
    (void)mu_recorder_status(recorder, "failed", err, &ignored);
    return code;
}

/* What rank 0 knows of the directory. */
struct place {
    const char *directory;
    struct mu_past past;
    int lock;
    double begin_s; /* monotonic, when mu_run was called */
};

/* Rank 0: what is there already, if the run is to be resumed. */
static int look_at_place(struct place *place, const struct mu_scenario *scenario, const struct mu_run_options *options,
                         struct mu_err *err) {
    if (!options->resume) {
        return MU_OK;
    }
    MU_TRY(mu_directory_lock(place->directory, LOCK_WAIT_S, &place->lock, err));
    return mu_directory_look_back(place->directory, scenario, &place->past, err);
}

/* A run that goes on leaves everything as it is until its checkpoint has been found good. */
static int start_recording(struct mu_recorder *recorder, const struct mu_stage *stage, struct mu_manifest *manifest,
                           const struct mu_run_options *options, struct place *place, struct mu_err *err) {
    const struct mu_past *past = &place->past;
    MU_TRY(mu_dir_create(place->directory, err));
    if (place->lock < 0) {
        MU_TRY(mu_directory_lock(place->directory, LOCK_WAIT_S, &place->lock, err));
    }
    mu_directory_sweep(place->directory);
    if (past->saved) {
        manifest->resumes = past->resumes + 1;
        manifest->resume_time = manifest->start_time;
        manifest->start_time = past->start_time != 0 ? past->start_time : manifest->start_time;
    } else {
        MU_TRY(mu_directory_clear(place->directory, err));
        MU_TRY(mu_manifest_write(manifest, place->directory, stage->scenario, err));
    }
    const double setup_s = mu_monotonic_s() - place->begin_s;
    MU_TRY(mu_recorder_open(recorder, place->directory, stage->scenario, options, past->saved, err));
    recorder->setup_s = setup_s;
    recorder->manifest = manifest;
    if (!past->saved) {
        MU_TRY(mu_partition_write(place->directory, stage->data, err));
    }
    if (past->saved) { /* for the status, should it not come to a resume */
        recorder->so_far.last.step = (uint64_t)past->step;
        recorder->so_far.last.time_ns = (uint64_t)(past->time_s * (double)MU_SECOND);
    }
    return MU_OK;
}

/* What the wall clock needs and what it rules out. */
static int check_clock(const char *file, const struct mu_scenario *scenario, const struct mu_run_options *options,
                       const struct mu_comm *comm, struct mu_err *err) {
    if (!mu_world_on_wall(&scenario->world)) {
        return MU_OK;
    }
    char place[512];
    mu_place(place, file, "/world", "clock");
    if (mu_comm_size(comm) < 2) {
        mu_fail(err, MU_BAD_CONFIG, place, "the wall clock needs at least 2 ranks, since rank 0 only coordinates");
        return mu_fail_help(err, "start it with: muster run -n 2");
    }
    if (options->resume || options->pause.steps > 0 || options->pause.updates > 0 || options->pause.time_ns > 0) {
        mu_fail(err, MU_BAD_CONFIG, place, "a run on the wall clock cannot be resumed");
        return mu_fail_help(err, "world.replay repeats one from its trace.jsonl");
    }
    return MU_OK;
}

/* The run proper, once it is known where it writes. */
static int run_in_place(const struct mu_stage *stage, const struct mu_run_options *options, struct place *place,
                        bool go_on, struct mu_run_result *result, struct mu_err *err) {
    struct mu_comm *comm = stage->comm;
    const bool root = mu_comm_rank(comm) == 0;
    struct mu_recorder recorder = {0};
    struct mu_manifest manifest;
    struct mu_sim_result sim = {0};
    mu_manifest_gather(&manifest, comm);
    int code = root ? start_recording(&recorder, stage, &manifest, options, place, err) : MU_OK;
    code = mu_comm_agree(comm, code, err);
    if (code == MU_OK) {
        if (root && options->started != NULL) {
            options->started(place->directory);
        }
        const struct mu_observer observer = root ? mu_recorder_observer(&recorder) : (struct mu_observer){0};
        code = run_engine(stage, &observer, place->directory, go_on, options->pause, &sim, err);
        if (root) {
            code = finish(&recorder, stage, &manifest, &sim, code, result, err);
            if (code == MU_OK && options->verify) {
                code = mu_verify(place->directory, stage, &result->verified, err);
            }
        }
        code = mu_comm_agree(comm, code, err);
    } else if (root) {
        struct mu_err ignored = {0};
        (void)mu_recorder_close(&recorder, &ignored);
    }
    mu_sim_result_clear(&sim);
    return code;
}

int mu_run(const char *file, const struct mu_scenario *scenario, const struct mu_run_options *options,
           struct mu_comm *comm, struct mu_run_result *result, struct mu_err *err) {
    const bool root = mu_comm_rank(comm) == 0;
    struct mu_stage stage;
    struct place place = {.directory = result->directory, .lock = -1, .begin_s = mu_monotonic_s()};
    *result = (struct mu_run_result){0};
    MU_TRY(check_clock(file, scenario, options, comm, err));
    int code = MU_OK;
    if (root) {
        code = mu_directory_choose(options, scenario->name, result->directory, sizeof result->directory, err);
        code = code != MU_OK ? code : look_at_place(&place, scenario, options, err);
    }
    code = mu_comm_agree(comm, code, err);
    if (code == MU_OK) {
        bool ahead[2] = {place.past.saved, place.past.done};
        mu_comm_bcast(comm, ahead, sizeof ahead);
        result->already_done = ahead[1];
        if (!ahead[1] && (code = mu_stage_new_with(&stage, file, scenario, options->data, comm, err)) == MU_OK) {
            code = run_in_place(&stage, options, &place, ahead[0], result, err);
            mu_stage_clear(&stage);
        }
    }
    mu_directory_unlock(place.lock);
    return code;
}
