# The Runtime API for shell scripts: one connection for each request, over bash's own /dev/tcp.
api="/2018-06-01/runtime"

# Prints the answer to: request METHOD PATH BODY
request() {
  exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
  printf '%s %s HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' "$1" "$2" "${#3}" "$3" >&3
  cat <&3
  exec 3>&-
}

# Sets id, deadline and event.
next() {
  answer=$(request GET "$api/invocation/next" "")
  id=$(printf '%s' "$answer" | tr -d '\r' | sed -n 's/^lambda-runtime-aws-request-id: //Ip')
  deadline=$(printf '%s' "$answer" | tr -d '\r' | sed -n 's/^lambda-runtime-deadline-ms: //Ip')
  event=$(printf '%s' "$answer" | tr -d '\r' | sed '1,/^$/d')
}
