# What the tests with Node share; sourced by their `run`, with the name of what is tested in $what and the
# folder of its package.json in $here. Installs into $environment, away from the sources.

not_run() {
    echo "NOT RUN: $what ($1)"
    [ "${CI:-}" != true ]
    exit
}

command -v node >/dev/null || not_run "no node"
command -v npm >/dev/null || not_run "no npm"
node -e 'process.exit(Number.parseInt(process.versions.node) < 20 ? 1 : 0)' || not_run "node is older than 20"

environment=$(cargo metadata --format-version 1 --no-deps |
    node -p 'JSON.parse(fs.readFileSync(0)).target_directory')/${here#"$PWD/tests/"}
if ! cmp -s "$here/package-lock.json" "$environment/installed.json"; then
    log=$environment.log
    mkdir -p "$environment"
    rm -f "$environment/installed.json"
    cp "$here/package.json" "$here/package-lock.json" "$environment"
    (cd "$environment" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=20000) \
        >"$log" 2>&1 </dev/null || not_run "cannot be installed, see $log"
    cp "$here/package-lock.json" "$environment/installed.json"
fi

# Builds a program and prints where it is.
built() {
    cargo build --quiet -p "$1" --bin "$2" --message-format=json-render-diagnostics | node -e '
const messages = fs.readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line));
console.log(messages.find((m) => m.executable && m.target.name === process.argv[1]).executable);' "$2"
}
