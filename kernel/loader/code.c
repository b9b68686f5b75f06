/* SPDX-License-Identifier: MIT */
/*
 * code.c - what a generation does with its code, and lets its code do
 *
 * All calls into it are errands, for any of them may hang: the load function,
 * the start, export and import. While `errand` is set the generation belongs
 * to the thread that runs it.
 */

#include "generation.h"

#include <fulcra/error.h>

#include <string.h>

/* --- loading --- */

/* The code's name for itself must be the last part of the module's URI: what
 * was copied from another module and not renamed is found here. */
static bool
check_name(FulcraGeneration *self, const char *name, GError **error)
{
    if (strcmp(name, strrchr(self->uri, ':') + 1) == 0)
        return true;
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_MODULE,
            "calls itself '%s'; the module's \"uri\" must end with that, or "
            "its FULCRA_MODULE_DEFINE say '%s'",
            name, strrchr(self->uri, ':') + 1);
    return false;
}

static void
report_code(FulcraGeneration *self, const FulcraBuild *build, const char *why)
{
    fulcra__generation_problem(self, build->problems,
            json_object_get_member(self->root, "library"), "%s: %s",
            self->library, why);
}

void
fulcra__generation_stage(FulcraGeneration *self, const FulcraBuild *build)
{
    JsonNode *library = json_object_get_member(self->root, "library");
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;

    if (library == NULL)
        return;
    file = fulcra__generation_find(self, build->problems, library);
    if (file == NULL)
        return;
    self->code = fulcra__library_stage(
            file, build->staging, self->folder, build->trusted, &error);
    if (self->code == NULL)
        report_code(self, build, error->message);
}

static bool
map_code(FulcraGeneration *self)
{
    if (!fulcra__library_map(self->code, &self->code_error))
        return false;
    if (self->promises_unmap)
        self->mapping =
                fulcra_host_mapping_new(self->code->begin, self->code->end);
    return true;
}

/* On the errand's thread. What the probe said of the name is known before
 * anything is mapped. */
static void
load_code(void *data)
{
    FulcraGeneration *self = data;
    FulcraLibrary *code = self->code;

    self->has_code =
            (code->name == NULL ||
                    check_name(self, code->name, &self->code_error)) &&
            map_code(self) &&
            check_name(self, code->descriptor->name, &self->code_error) &&
            fulcra__module_load(
                    self->module, code->descriptor, &self->code_error);
}

/* Whether @run has ended; otherwise its thread keeps what is here. */
static bool
run_code(FulcraGeneration *self, void (*run)(void *data), unsigned timeout_ms)
{
    self->errand = fulcra__errand_start(run, self);
    if (!fulcra__errand_await(self->errand, timeout_ms))
        return false;
    g_clear_pointer(&self->errand, fulcra__errand_unref);
    return true;
}

void
fulcra__generation_build_code(FulcraGeneration *self, const FulcraBuild *build)
{
    g_autofree char *why = NULL;

    if (self->code == NULL)
        return;
    if (!run_code(self, load_code, build->start_ms)) {
        why = g_strdup_printf("its load function hangs: it has not returned "
                              "within %u ms and was given up",
                build->start_ms);
        report_code(self, build, why);
    } else if (!self->has_code) {
        report_code(self, build, self->code_error->message);
    }
}

/* Only who hands state over can be held. */
static void
own_endpoints(FulcraGeneration *self)
{
    if (fulcra__module_get_ops(self->module)->export_state == NULL)
        return;
    self->owner = fulcra_host_owner_new();
    for (unsigned i = 0; i < self->code_endpoints->len; i++)
        fulcra_host_endpoint_set_owner(
                self->code_endpoints->pdata[i], self->owner);
}

void
fulcra__generation_list_endpoints(FulcraGeneration *self)
{
    size_t n_added;
    FulcraAdded *const *added = fulcra__module_list(self->module, &n_added);

    for (size_t i = 0; i < n_added; i++) {
        g_ptr_array_add(self->endpoints, g_strdup(added[i]->id));
        g_ptr_array_add(self->code_endpoints,
                fulcra_host_endpoint_ref(added[i]->endpoint));
    }
    g_ptr_array_add(self->endpoints, NULL);
    own_endpoints(self);
}

/* --- getting ready --- */

static void
ready_code(void *data)
{
    FulcraGeneration *self = data;
    const FulcraModuleOps *ops = fulcra__module_get_ops(self->module);

    self->is_ready = ops->start(self->module, &self->code_error) &&
                     self->code_error == NULL;
}

bool
fulcra__generation_ready(
        FulcraGeneration *self, unsigned timeout_ms, GError **error)
{
    if (fulcra__module_get_ops(self->module)->start == NULL)
        self->is_ready = true;
    else if (!run_code(self, ready_code, timeout_ms))
        return fulcra__refuse(error,
                "%s: it does not start: not ready within %u ms, and was given "
                "up",
                self->uri, timeout_ms);
    if (self->is_ready)
        return true;
    return fulcra__refuse(error, "%s: it does not start: %s", self->uri,
            self->code_error != NULL ? self->code_error->message
                                     : "its start function did not say why");
}

/* --- handing over --- */

static void
export_state(void *data)
{
    FulcraGeneration *self = data;
    const FulcraModuleOps *ops = fulcra__module_get_ops(self->module);

    self->state_version = ops->state_version;
    self->state = ops->export_state(self->module, &self->code_error);
}

static void
export_in_domain(void *data)
{
    FulcraGeneration *self = data;

    fulcra_host_domain_run(
            fulcra__module_get_domain(self->module), export_state, self);
}

static void
import_state(void *data)
{
    FulcraGeneration *self = data;

    if (!fulcra__module_get_ops(self->module)
                    ->import_state(self->module, self->state_version,
                            self->state, &self->code_error) &&
            self->code_error == NULL)
        fulcra__refuse(&self->code_error, "and did not say why");
}

static void
import_in_domain(void *data)
{
    FulcraGeneration *self = data;

    fulcra_host_domain_run(
            fulcra__module_get_domain(self->module), import_state, self);
}

/* What is boxed points into the code that made it. */
static bool
check_state(FulcraGeneration *self, GError **error)
{
    size_t length;

    if (self->code_error != NULL || self->state == NULL)
        fulcra__refuse(error, "%s %s: its state cannot be exported: %s",
                self->uri, self->version_text,
                self->code_error != NULL ? self->code_error->message
                                         : "its export did not say why");
    else if (fulcra_representation_get_bytes(self->state, &length) == NULL)
        fulcra__refuse(error,
                "%s %s: its state cannot be exported: it is boxed; it must be "
                "bytes or text",
                self->uri, self->version_text);
    else
        return true;
    return false;
}

static bool
run_hand_over(FulcraGeneration *self, void (*run)(void *data),
        unsigned timeout_ms, const char *what, GError **error)
{
    g_clear_error(&self->code_error);
    if (run_code(self, run, timeout_ms))
        return true;
    return fulcra__refuse(error, "%s %s: its %s hangs: not done within %u ms",
            self->uri, self->version_text, what, timeout_ms);
}

static bool
move_state(FulcraGeneration *self, FulcraGeneration *next, unsigned timeout_ms,
        GError **error)
{
    if (!run_hand_over(self, export_in_domain, timeout_ms, "export", error) ||
            !check_state(self, error))
        return false;
    next->state = fulcra_representation_ref(self->state);
    next->state_version = self->state_version;
    if (!run_hand_over(next, import_in_domain, timeout_ms, "import", error))
        return false;
    if (next->code_error == NULL)
        return true;
    return fulcra__refuse(error, "%s %s: it cannot import the state of %s: %s",
            next->uri, next->version_text, self->version_text,
            next->code_error->message);
}

bool
fulcra__generation_hand_over(FulcraGeneration *self, FulcraGeneration *next,
        unsigned timeout_ms, GError **error)
{
    bool moved = move_state(self, next, timeout_ms, error);

    if (self->errand == NULL)
        g_clear_pointer(&self->state, fulcra_representation_unref);
    if (next->errand == NULL)
        g_clear_pointer(&next->state, fulcra_representation_unref);
    return moved;
}
