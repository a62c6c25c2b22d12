# One line of help a target; `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help reports test check lab bench clean lock

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := reports/demo
PERIOD := 2023
AS_OF := 2023-12-31
# let nothing of the caller's Python leak in
export PYTHONNOUSERSITE := 1

help:  ## 列出全部命令
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: requirements.lock pyproject.toml
	@echo "[1/4] 准备 Python 环境 $(VENV)（首次约 1—3 分钟，以后跳过）"
	@$(PYTHON) -c 'import sys; sys.exit("需要 Python 3.11 或更高版本，当前为 " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEMO)/county/.ready: $(VENV)/.ready $(wildcard pbanalysis/demo/*.py)
	@echo "[2/4] 生成虚构的演示县（约 10 秒）"
	@rm -rf $(DEMO)/county && $(BIN)/pbanalysis demo $(DEMO)/county
	@touch $@

$(DEMO)/store/meta.json: $(DEMO)/county/.ready $(wildcard pbanalysis/ledgers/*.py pbanalysis/store/*.py)
	@echo "[3/4] 导入各乡镇台账（约 10 秒；演示台账里埋有问题，退回清单在 $(DEMO)/store/import）"
	@$(BIN)/pbanalysis import $(DEMO)/county/ledgers $(DEMO)/county/county --units $(DEMO)/county/units.json \
	    --store $(DEMO)/store --as-of $(AS_OF) --key-file $(DEMO)/pseudonym.key || test $$? -eq 1

reports: $(DEMO)/store/meta.json  ## 一条命令：环境 → 演示县 → 导入 → 全部乡镇报告，最后打印 index.html 的路径
	@echo "[4/4] 生成全部乡镇报告（首次约 1—3 分钟；内容未变的自动跳过）"
	@$(BIN)/pbanalysis report $(DEMO)/store --period $(PERIOD) --as-of $(AS_OF) -o $(DEMO)/$(PERIOD) --formats html,pdf,docx,xlsx
	@echo "完成。请用浏览器打开：$(CURDIR)/$(DEMO)/$(PERIOD)/index.html"

test: $(VENV)/.ready  ## 运行全部测试（约 15 分钟）
	@echo "运行全部测试（约 15 分钟）"
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser"
	@$(BIN)/python -m pytest -m browser

check: $(VENV)/.ready  ## 提交前检查：格式、静态检查、类型、分层、快速测试（约 2 分钟）
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -m "not slow and not browser and not office" -n 2 --dist loadgroup

lab: $(DEMO)/store/meta.json  ## 打开 JupyterLab，数据已就绪（不联网）
	@$(BIN)/pbanalysis explore $(DEMO)/store

bench: $(VENV)/.ready  ## 运行性能基准（比值，单次约 10 分钟）
	@for b in benchmarks/*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

lock:  ## 由 pyproject.toml 重新生成 requirements.lock（需要 uv）
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --upgrade -o requirements.lock

clean:  ## 删除生成物（环境、演示县、报告、缓存）
	@rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
