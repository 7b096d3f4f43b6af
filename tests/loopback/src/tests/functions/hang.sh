#!/bin/bash
# Takes the event and waits for another before it answers.
. "$(dirname "$0")/runtime.sh"
echo "hanging" >&2
next
next
