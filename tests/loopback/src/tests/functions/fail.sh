#!/bin/bash
# Fails on its event.
. "$(dirname "$0")/runtime.sh"
next
request POST "$api/invocation/$id/error" '{"errorType":"NotJudged","errorMessage":"it did not work"}' >/dev/null
next
