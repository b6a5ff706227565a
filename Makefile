# What a newcomer needs: `make demo` and `make test`. Both say what they install.

CARGO ?= cargo
export PATH := $(HOME)/.cargo/bin:$(PATH)
PYTHON := .cache/python/bin/python
S3 := .cache/python/bin/moto_server
S3S := .cache/s3s/bin/s3s-fs
LINUXFORHEALTH := .cache/linuxforhealth/bin/lfhx12
DEPLOY_CHECKS := .cache/deploy/bin/checkov

.PHONY: demo test faults lint package image bench fuzz programs tools packages clean

demo: programs
	@.ci/demo

test: $(PYTHON) $(S3) $(LINUXFORHEALTH) packages
	$(CARGO) test --workspace --locked
	@echo "the road once more, with a PostgreSQL server, a RabbitMQ broker and a server with S3 buckets of its own"
	@.ci/with-postgres .ci/with-rabbitmq .ci/with-s3 $(CARGO) test --workspace --locked --test road -- --skip storage --include-ignored
	@.ci/with-postgres $(CARGO) test --workspace --locked --test simulation model

# What `make test` does a few times, many times: hours.
faults: $(PYTHON) $(S3) packages
	X12_SEEDS=5000 $(CARGO) test --workspace --locked --test simulation
	X12_FAULTS=nightly $(CARGO) test --workspace --locked --test road
	X12_FAULTS=nightly .ci/with-postgres .ci/with-rabbitmq .ci/with-s3 $(CARGO) test --workspace --locked --test road -- --skip storage --include-ignored

lint: tools packages $(DEPLOY_CHECKS)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet
	@if command -v cargo-deny >/dev/null; then $(CARGO) fetch --locked --quiet && cargo deny --offline check licenses bans sources; \
	else echo "lint: cargo-deny is not installed: licences and sources are not checked (cargo install cargo-deny)"; fi
	@command -v shellcheck >/dev/null || .ci/install shellcheck
	@.ci/lint-packages
	@.ci/lint-deploy

# The crates as packages in target/package, each built from what it holds; `make lint` looks at what that is.
package: tools packages
	$(CARGO) package --workspace --exclude acceptance --exclude fuzz --locked

# The image as an OCI layout in target/image, run hardened; as root.
image: programs
	@command -v buildah >/dev/null && command -v runc >/dev/null && command -v umoci >/dev/null || .ci/install buildah runc umoci
	@deploy/image.sh target/release/x12-pipeline

bench: programs $(S3S)
	$(CARGO) bench -p x12-parser -p x12conv --locked --bench engine --bench process
	@echo "the road, in a house alone and beside a PostgreSQL server, a RabbitMQ broker and a server with S3 buckets of its own"
	@.ci/with-postgres .ci/with-rabbitmq .ci/with-s3s $(CARGO) bench -p x12-pipeline --locked --bench road
	@echo "a burst beside the same servers, while workers come, go and are killed; the picture in docs is of it"
	@.ci/with-postgres .ci/with-rabbitmq .ci/with-s3s $(CARGO) bench -p x12-pipeline --locked --bench burst

fuzz:
	@fuzz/run.sh $(SECONDS_EACH)

programs: tools packages
	$(CARGO) build --release --locked -p x12conv -p x12-pipeline

tools:
	@command -v $(CARGO) >/dev/null || { echo "cargo is not installed: see rustup.rs"; exit 1; }

# OpenPGP is built on OpenSSL and its headers, which libclang reads; its tests exchange messages with gpg. openssl makes certificates, strace
# lets disks fail and faketime clocks, and the road is tested with PostgreSQL, RabbitMQ and OpenSSH's SFTP server.
packages:
	@pkg-config --exists openssl 2>/dev/null || .ci/install pkg-config libssl-dev
	@[ -n "$$LIBCLANG_PATH" ] || ls /usr/lib*/ /usr/lib/*/ /usr/lib/llvm*/lib/ 2>/dev/null | grep -Eq '^libclang(-[0-9.]+)?\.so' \
	|| .ci/install libclang-dev
	@command -v openssl >/dev/null || .ci/install openssl
	@command -v gpg >/dev/null || .ci/install gnupg
	@command -v strace >/dev/null || .ci/install strace
	@command -v faketime >/dev/null || .ci/install faketime
	@command -v psql >/dev/null && { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || .ci/install postgresql
	@[ -x /usr/sbin/sshd ] || [ -x /usr/local/sbin/sshd ] || .ci/install openssh-server
	@command -v rabbitmq-server >/dev/null || ls /usr/sbin/rabbitmq-server >/dev/null 2>&1 || .ci/install rabbitmq-server

# pyx12 and linuxforhealth-x12 are validators that the tests compare with, moto a server with S3 buckets, KMS and SQS; they come from PyPI into folders
# of this checkout.
$(PYTHON):
	@python3 -c 'import venv, ensurepip' 2>/dev/null || .ci/install python3 python3-venv
	@echo "installing pyx12 4.0.0 into .cache/python, for the tests that compare with it"
	python3 -m venv .cache/python
	$(PYTHON) -m pip install --quiet --disable-pip-version-check pyx12==4.0.0

$(LINUXFORHEALTH): $(PYTHON)
	@echo "installing linuxforhealth-x12 0.57.0 into .cache/linuxforhealth, for the tests that compare with it"
	python3 -m venv .cache/linuxforhealth
	.cache/linuxforhealth/bin/python -m pip install --quiet --disable-pip-version-check linuxforhealth-x12==0.57.0 "pydantic<2"

$(S3): $(PYTHON)
	@echo "installing moto 5.1.22 into .cache/python, for the tests with buckets"
	$(PYTHON) -m pip install --quiet --disable-pip-version-check "moto[kms,s3,server,sqs]==5.1.22"

# What deploy/ is held against, each as a validator that needs no network.
$(DEPLOY_CHECKS):
	@python3 -c 'import venv, ensurepip' 2>/dev/null || .ci/install python3 python3-venv
	@echo "installing cfn-lint 1.58.0, check-jsonschema 0.39.0, kubernetes-validate 1.37.0, yamllint 1.38.0 and checkov 3.3.30 into .cache/deploy, for make lint"
	python3 -m venv .cache/deploy
	.cache/deploy/bin/python -m pip install --quiet --disable-pip-version-check cfn-lint==1.58.0 check-jsonschema==0.39.0 \
	kubernetes-validate==1.37.0 yamllint==1.38.0 checkov==3.3.30

$(S3S):
	@echo "installing s3s-fs 0.14.1 into .cache/s3s, for the benchmarks with buckets"
	$(CARGO) install --quiet --root .cache/s3s --locked --features binary --version 0.14.1 s3s-fs

clean:
	$(CARGO) clean
	rm -rf .cache
