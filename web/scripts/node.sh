#!/bin/sh
# node.sh COMMAND...: runs COMMAND with the Node that came with the packages first in the path. Debian 12 has an older one,
# which is enough for npm; but npm 9 links no `node` into node_modules/.bin.
modules=$(cd "$(dirname "$0")/.." && pwd)/node_modules
PATH="$modules/.bin:$PATH"
for bin in "$modules"/node-linux-*/bin; do
    if [ -x "$bin/node" ]; then PATH="$bin:$PATH"; fi
done
export PATH
exec "$@"
