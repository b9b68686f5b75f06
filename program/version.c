/* SPDX-License-Identifier: MIT */

/* version.c - fulcra version */

#include "command.h"
#include <fulcra/module.h>
#include <fulcra/version.h>

#include <stdio.h>

static int
version(FulcraOptions *options)
{
    (void)options;
    printf("fulcra %s (module ABI %u)\n", fulcra_version(), FULCRA_ABI);
    return FULCRA_EXIT_FINE;
}

const FulcraCommand fulcra_command_version = {
    .name = "version",
    .summary = "Say which version this is.",
    .run = version,
};
