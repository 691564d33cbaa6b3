#!/usr/bin/env bash
# Fetches axe-core from the npm registry into build/axe (ignored by git), once. chromium comes from the system's packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=4.14.1
[ -f "build/axe/axe-$version.js" ] && exit 0
mkdir -p build/axe
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "axe-core@$version" >/dev/null && tar -xzf axe-core-*.tgz package/axe.min.js)
mv "$work/package/axe.min.js" "build/axe/axe-$version.js"
