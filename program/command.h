/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Commands
 *
 * One table entry per command: what it is called, what options and operands it
 * takes, what it does. The parser, --help and the list of commands are all made
 * from it.
 */

#include "settings.h"

G_BEGIN_DECLS

/* Exit status. */
#define FULCRA_EXIT_FINE 0
#define FULCRA_EXIT_FAILED                                                     \
    1                       /* it was understood, and failed or was refused    \
                             */
#define FULCRA_EXIT_USAGE 2 /* it was not understood */
#define FULCRA_EXIT_NO_SERVER                                                  \
    3 /* there is no server where one was to be asked                          \
       */

typedef struct {
    const char *name;    /* without its dashes */
    const char *metavar; /* NULL: a flag */
    const char *help;
} FulcraOption;

typedef struct _FulcraOptions FulcraOptions;

typedef struct {
    const char *name;     /* one word, or two: "space tree" */
    const char *operands; /* (nullable): as the usage line shows them */
    unsigned min_operands, max_operands;
    unsigned settings; /* FULCRA_FOR_*: whose options it takes */
    bool admin;        /* it asks a running server: --socket, --json */
    const FulcraOption *options; /* (nullable): ends with a NULL name */
    const char *summary;         /* one line */
    const char *text;            /* (nullable): what else --help says */
    int (*run)(FulcraOptions *options);
    const void *ask; /* (nullable): for fulcra_client_run() */
} FulcraCommand;

/* One file each; the table of them is in main.c. */
extern const FulcraCommand fulcra_command_serve;
extern const FulcraCommand fulcra_command_check;
extern const FulcraCommand fulcra_command_request;
extern const FulcraCommand fulcra_command_new_module;
extern const FulcraCommand fulcra_command_settings;
extern const FulcraCommand fulcra_command_version;
extern const FulcraCommand fulcra_command_stat;
extern const FulcraCommand fulcra_command_space_tree;
extern const FulcraCommand fulcra_command_resolve;
extern const FulcraCommand fulcra_command_trace;
extern const FulcraCommand fulcra_command_socket_list;
extern const FulcraCommand fulcra_command_socket_close;
extern const FulcraCommand fulcra_command_cache_stat;
extern const FulcraCommand fulcra_command_cache_list;
extern const FulcraCommand fulcra_command_cache_expire;
extern const FulcraCommand fulcra_command_module_list;
extern const FulcraCommand fulcra_command_module_info;
extern const FulcraCommand fulcra_command_module_load;
extern const FulcraCommand fulcra_command_module_reload;
extern const FulcraCommand fulcra_command_module_unload;
extern const FulcraCommand fulcra_command_log;
extern const FulcraCommand fulcra_command_top;
extern const FulcraCommand fulcra_command_drain;
extern const FulcraCommand fulcra_command_reload;
extern const FulcraCommand fulcra_command_doctor;
extern const FulcraCommand fulcra_command_completions;
extern const FulcraCommand fulcra_command_manual;

/** Every command, in the order of --help; ends with NULL. */
extern const FulcraCommand *const fulcra_commands[];

/**
 * fulcra_options_parse:
 * @arguments: (array zero-terminated=1): what follows the command's name
 *
 * Options and operands may be mixed; after "--" all are operands.
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT
 * where @command does not take what was given
 */
FulcraOptions *fulcra_options_parse(const FulcraCommand *command,
        const char *const *arguments, GError **error);
void fulcra_options_free(FulcraOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraOptions, fulcra_options_free)

const FulcraCommand *fulcra_options_get_command(const FulcraOptions *self);

bool fulcra_options_has(const FulcraOptions *self, const char *name);

/** The last value that was given; NULL where there was none. */
const char *fulcra_options_get(const FulcraOptions *self, const char *name);

/** What is no option, NULL-terminated. (transfer none) */
const char *const *fulcra_options_get_operands(const FulcraOptions *self);

/**
 * fulcra_options_apply:
 *
 * Gives @settings the values of the options that stand for settings, those of
 * --set included: the uppermost layer.
 */
bool fulcra_options_apply(
        const FulcraOptions *self, FulcraSettings *settings, GError **error);

/**
 * fulcra_options_load_settings:
 *
 * All four layers: defaults, the file that --config or FULCRA_CONFIG names,
 * the environment, the options.
 *
 * Returns: (transfer full) (nullable)
 */
FulcraSettings *fulcra_options_load_settings(
        const FulcraOptions *self, GError **error);

/* A command that no list shows: what the loader runs to try out modules. */
#define FULCRA_COMMAND_PROBE "probe-modules"

/* An option of a command, whether its own or a setting's. */
typedef struct {
    const char *name;    /* without its dashes */
    const char *metavar; /* NULL: a flag */
    const char *help;
    const char *fallback; /* (nullable): of a setting that has one */
} FulcraOptionInfo;

/** Calls @each for all that @command takes, in the order of --help. */
void fulcra_command_foreach_option(const FulcraCommand *command,
        void (*each)(const FulcraOptionInfo *option, void *user_data),
        void *user_data);

/** What --help prints. */
void fulcra_command_print_help(const FulcraCommand *command);

/** Prints "fulcra: MESSAGE" to standard error. */
void fulcra_complain(const char *format, ...) FULCRA_PRINTF(1, 2);

G_END_DECLS
