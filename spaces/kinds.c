/* SPDX-License-Identifier: MIT */

/* kinds.c - the list of them, in the order in which the guide has them */

#include "spaces/kinds.h"

const FulcraKind *const fulcra_space_kinds[] = {
    &fulcra_kind_fileset,
    &fulcra_kind_literal,
    &fulcra_kind_mapper,
    &fulcra_kind_chain,
    &fulcra_kind_messages,
    &fulcra_kind_limiter,
    &fulcra_kind_pluggable,
    &fulcra_kind_errors,
    &fulcra_kind_overlays,
    &fulcra_kind_gatekeeper,
    &fulcra_kind_throttle,
    &fulcra_kind_latest,
    &fulcra_kind_log,
    &fulcra_kind_cors,
    NULL,
};
