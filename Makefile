# Everyday targets; `make help` lists them.
GOLANGCI_LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

build: ## one static binary, ./dcae
	CGO_ENABLED=0 go build -trimpath -o dcae ./cmd/dcae

test: ## the tests that the README names
	go test ./...

wheel: ## wheels and release archives for Linux, macOS and Windows, in dist/
	python3 cmd/python/packaging/wheels.py dist

race: ## the tests with the race detector
	go test -race ./...

lint: ## vet, format and import rules
	go vet ./...
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GOLANGCI_LINT) run ./...

ci: ## what .ci/run does
	bash .ci/run

bench: ## training speed, and where the time goes
	go run ./cmd/dcae bench

bench-peers: ## the same models in Keras and PyTorch, side by side (about an hour)
	python3 experiments/peers/compare.py

check-keras: ## models of many kinds against the real Keras: traces, round trips, going on with training (about 12 minutes)
	python3 models/keras/testdata/check_keras.py

supported: ## docs/supported.md anew, from what the code reads
	go test ./experiments/saved -count=1 -run TestSupportedIsUpToDate -supported

check-torch: ## models of many kinds, and each operation, against the real PyTorch: traces, training, what comes back, printed code (about 20 minutes)
	python3 models/torch/testdata/check_torch.py

check-arm64: ## the portable kernels give the same bits on arm64: tests and whole studies under qemu-user (half an hour)
	bash graph/arithmetic/testdata/check-arm64.sh

KILLS = 20
SEED = 1
kill: ## dcae run, train, merge and diagnose, killed at random moments, against work that was left alone (KILLS=1000 SEED=1; a second or two for each)
	KILLS=$(KILLS) SEED=$(SEED) go test -tags long -timeout 12h -run TestManyKills -v ./cmd/dcae

interrupt: ## every command, told to end at random moments (KILLS=100 SEED=1; a second or two for each)
	KILLS=$(KILLS) SEED=$(SEED) go test -tags long -timeout 12h -run TestManyInterrupts -v ./cmd/dcae

SECONDS = 60
.PHONY: attack
attack: build ## dcae called at random with damaged files, odd flags and folders (SECONDS=3600 SEED=1); what it finds lies in attack-findings
	go run ./cmd/dcae/attack -program ./dcae -seconds $(SECONDS) -seed $(SEED)

slurm: ## a study as a job array on a Slurm of this machine alone; as root, on Debian (3 minutes)
	bash experiments/deploy/try-slurm.sh

check-python: ## the wheel in fresh environments with Keras on TensorFlow, Keras on PyTorch, and PyTorch; the notebooks (20 minutes)
	python3 cmd/python/checks/check_python.py

kubernetes: ## the manifest of a study as an Indexed Job against its schema, and its pods as processes of this machine (a minute)
	bash experiments/deploy/try-job.sh

image: ## the image of experiments/deploy/Dockerfile built with buildah, and a study run in it (a minute; needs buildah and root)
	bash experiments/deploy/try-image.sh

check-tensorboard: ## event files against the real TensorBoard
	python3 training/tensorboard/testdata/check_tensorboard.py

screenshots: ## pictures of a report (PAGE=results/x/report.html OUT=folder) in a real browser, and checks of how it behaves
	bash plots/testdata/screenshot.sh $(PAGE) $(OUT)

.PHONY: browser
browser: build ## the pages of dcae serve used in a real browser (Chromium), with pictures of them in light, dark and at 360 pixels (OUT=folder; 5 minutes)
	bash experiments/live/testdata/browser.sh "$(OUT)"

corpus: ## train all candidates of the diagnosis' corpus, and write what they did (over an hour)
	go run ./experiments/diagnosis/corpus/check

HALF = development
score: ## dcae diagnose on a half of its corpus (HALF=development, heldout or real; half an hour)
	go run ./experiments/diagnosis/corpus/score -half $(HALF) -repair

.PHONY: check-cost fit-cost
KERNELS = avx512
MODELS = ../shared/reports/*.keras ../shared/reports/*.h5
check-cost: ## the cost model of dcae diagnose against measured steps, on an idle machine (KERNELS=avx2 or avx512; 8 minutes)
	go run ./experiments/diagnosis/corpus/cost -kernels $(KERNELS) -csv results/cost-check.csv -fresh $(MODELS)

fit-cost: ## measure steps with AVX2 and AVX-512 and fit the cost model's rates to them (20 minutes, idle)
	for kernels in avx2 avx512; do go run ./experiments/diagnosis/corpus/cost -kernels $$kernels -fresh $(MODELS); done
	go run ./experiments/diagnosis/corpus/cost -fit $(MODELS)

CASES = results/cases
cases: build ## Keras models of further kinds, written to CASES=folder, and how often dcae diagnose is right about them (half an hour)
	rm -rf results/answers/$(notdir $(CASES))
	python3 experiments/diagnosis/testdata/cases.py write $(CASES)
	python3 experiments/diagnosis/testdata/score.py $(CASES) results/answers/$(notdir $(CASES))

ADVICE = ../shared/reports ../shared/odd
check-advice: build ## the code that dcae diagnose prints, run in the real Keras with three seeds (ADVICE=folders; answers that this build has left in results/answers are used; about half an hour)
	for folder in $(ADVICE); do python3 experiments/diagnosis/testdata/check_advice.py $$folder results/answers/$$(basename $$folder) || exit 1; done

REAL = results/real-size
NAMES =
real-size: build ## models of 96 to 256 pixels: made, tried in Keras, and diagnosed (NAMES=some of them; hours for all)
	for what in make check score; do python3 experiments/diagnosis/testdata/real_size.py $$what $(REAL) $(NAMES) --dcae ./dcae || exit 1; done

.PHONY: real-size check-torch check-python kubernetes image wheel check-advice cases corpus score supported help build test race lint ci bench bench-peers check-arm64 check-keras check-tensorboard screenshots kill interrupt slurm
