# make run    everything set up, demo data, served on http://127.0.0.1:$(PORT)
# make test   every test, on SQLite and on PostgreSQL
# make lint   everything that can be said without running the code
# make bench  what the session layer and the pages cost; ARGS=pages for one part
# make screens  pictures of every screen, into docs/screens
# make messages  the words of every screen collected and compiled, for translators

.PHONY: run test lint format bench screens messages venv requirements clean
.DEFAULT_GOAL := run

PORT ?= 8000
export PORT

# Two stamps, so that running the portal does not install what only tests need.
RUNTIME := .venv/runtime.stamp
DEV := .venv/dev.stamp

run: $(RUNTIME)
	@exec .venv/bin/python tools/run.py

test: $(DEV)
	@exec .venv/bin/python -m tests $(ARGS)

lint: $(DEV)
	@exec tools/lint.sh

# What make lint would complain about and a machine can mend.
format: $(DEV)
	.venv/bin/ruff check --quiet --fix .
	.venv/bin/ruff format --quiet .
	find . -name '*.html' -not -path './.*' -not -path './var/*' \
		-exec .venv/bin/djade --target-version 6.1 {} +

bench: $(DEV)
	@exec .venv/bin/python -m bench $(ARGS)

screens: $(DEV)
	@exec .venv/bin/python tools/screens.py

# Needs GNU gettext; what it makes is committed, so that nothing else does.
messages: $(DEV)
	SECRET_KEY=messages .venv/bin/python manage.py makemessages --locale de --add-location file --no-obsolete \
		--ignore .venv --ignore var --ignore tests --ignore docs --ignore bench --ignore tools --ignore examples
	SECRET_KEY=messages .venv/bin/python manage.py compilemessages --locale de --ignore .venv

venv: $(DEV)

$(RUNTIME): requirements.txt
	@tools/venv.sh requirements.txt $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@tools/venv.sh requirements-dev.txt $@

# Pins the newest versions that requirements*.in allow, with hashes and without naming an index.
# Made with the oldest Python that is supported, whose packages are a superset of the newer ones'.
COMPILE := pip-compile --upgrade --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
requirements:
	python3.12 -m venv var/compile
	var/compile/bin/pip install --quiet pip-tools
	CUSTOM_COMPILE_COMMAND="make requirements" var/compile/bin/$(COMPILE) -o requirements.txt requirements.in
	CUSTOM_COMPILE_COMMAND="make requirements" var/compile/bin/$(COMPILE) -o requirements-dev.txt requirements-dev.in

# Everything make has made, except the data in var/.
clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis var/static var/compile
