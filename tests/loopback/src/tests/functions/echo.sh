#!/bin/bash
# Answers every event with itself.
. "$(dirname "$0")/runtime.sh"
env >&2
while next; do
  echo "event received"
  echo "deadline: $deadline" >&2
  request POST "$api/invocation/$id/response" "$event" >/dev/null
done
