#!/bin/bash
# Fails to start, and ends.
. "$(dirname "$0")/runtime.sh"
request POST "/2018-06-01/runtime/init/error" '{"errorType":"Runtime.InitError","errorMessage":"it did not work"}' >/dev/null
exit 1
