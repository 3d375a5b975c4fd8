#!/usr/bin/env bash
# Does training in bfloat16 change the result beyond what another seed changes? Trains the same specification with both arithmetics
# and several seeds, and prints clean accuracy and attack success rate of each. Usage: bench/training-precision.sh [SEEDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build -c Release -v quiet BackdoorLab.Web
printf '%-10s %5s %8s %8s\n' arithmetic seed CA ASR
for arithmetic in float32 bfloat16; do
  for seed in $(seq 1 "$seeds"); do
    cat > "$work/spec.json" <<SPEC
{ "seed": $seed, "benignTwin": false, "cleanHoldout": 100,
  "dataset": { "id": "synthetic-signs", "trainCount": 4000, "testCount": 2000 }, "model": { "id": "res-net8" },
  "attack": { "id": "badnets" }, "training": { "epochs": 5, "precision": "$arithmetic" },
  "precisions": [{ "id": "float32" }], "defenses": [] }
SPEC
    dotnet run -c Release --no-build --project BackdoorLab.Web -- run "$work/spec.json" --out "$work/$arithmetic-$seed" 2>/dev/null |
      awk -F'|' -v a="$arithmetic" -v s="$seed" '/backdoored/ { printf "%-10s %5s %8s %8s\n", a, s, $5, $6; exit }'
  done
done | tee "$work/rows"
awk '{ n[$1]++; c[$1]+=$3; cc[$1]+=$3*$3; r[$1]+=$4; rr[$1]+=$4*$4 }
  END { for (a in n) printf "%-10s n=%d  CA %.3f (sd %.3f)  ASR %.3f (sd %.3f)\n", a, n[a], c[a]/n[a],
    sqrt((cc[a]-c[a]*c[a]/n[a])/(n[a]-1)), r[a]/n[a], sqrt((rr[a]-r[a]*r[a]/n[a])/(n[a]-1)) }' "$work/rows"
