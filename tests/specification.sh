#!/usr/bin/env bash
# The checks of the container specification, with the program in place of the container.
# usage: specification.sh PATH-OF-ANYGPT-MCP
set -Eeuo pipefail
server=$(readlink -f "$1")

fail() {
  echo "specification: $*" >&2
  exit 1
}

# run NAME=VALUE… -- ARGUMENTS…: sets code and out. Nothing else is inherited.
run() {
  local variables=()
  while [ "$1" != -- ]; do
    variables+=("$1")
    shift
  done
  shift
  code=0
  out=$(env -i "${variables[@]}" "$server" "$@" 2>/dev/null) || code=$?
}

# Every line on stdout is a JSON-RPC message.
only_json_rpc() {
  [ -n "$out" ] || fail "$1: no answer"
  ! grep -qv '^{"jsonrpc":"2.0",.*}$' <<<"$out" || fail "$1: stdout is not clean: $out"
}

run OPENAI_API_KEY=test -- < <(echo '{"jsonrpc":"2.0","method":"initialize","id":1,"params":{}}')
only_json_rpc initialize
[ "$code" = 0 ] || fail "initialize: exit code $code"
[[ $out == *'"result":{"protocolVersion":'* ]] || fail "initialize: $out"

run -- < <(echo '{"jsonrpc":"2.0","method":"initialize","id":1,"params":{}}')
only_json_rpc "initialize without a key"
[ "$code" = 1 ] || fail "initialize without a key: exit code $code"

run OPENAI_API_KEY=test -- < <(echo '{"jsonrpc":"2.0","method":"tools/list","id":1}')
only_json_rpc tools/list
[ "$code" = 0 ] || fail "tools/list: exit code $code"
[[ $out == *'"name":"anygpt_chat_completion"'* ]] || fail "tools/list: $out"

run OPENAI_API_KEY=test -- config validate </dev/null
[ "$code" = 0 ] || fail "config validate: exit code $code"
run -- config validate </dev/null
[ "$code" = 1 ] || fail "config validate without a key: exit code $code"
run OPENAI_API_KEY=test LOG_LEVEL=loud -- config validate </dev/null
[ "$code" = 1 ] || fail "config validate with a bad setting: exit code $code"
run OPENAI_API_KEY=test LOG_LEVEL=loud -- </dev/null
[ "$code" = 1 ] || fail "a bad setting: exit code $code"

echo "specification: all checks hold"
