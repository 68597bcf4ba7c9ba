# Short names for what people do often. Everything here also works without just: the recipes are one command each.

# List the recipes.
default:
    @just --list

# Everything that is checked before a change lands; the build server runs the same.
test:
    ./.ci/test

# See it work: a made-up district, live.
demo *arguments:
    cargo run --release -- demo {{ arguments }}

# Lay out the code.
fmt:
    cargo fmt --all

# Lints, warnings are errors.
lint:
    cargo clippy --locked --workspace --all-targets -- -D warnings

# House rules alone: levels, SQL, lengths of files, rule ids.
tidy:
    cargo test --locked --test tidy

# Licences, bans and origins of the crates we use; needs cargo-deny.
deny:
    cargo deny --offline check --hide-inclusion-graph licenses bans sources

# Known holes in the crates we use; needs cargo-deny and the network.
advisories:
    cargo deny check advisories
