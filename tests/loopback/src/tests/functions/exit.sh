#!/bin/bash
# Takes the event and ends.
. "$(dirname "$0")/runtime.sh"
next
echo "last words" >&2
exit 7
