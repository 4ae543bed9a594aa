#!/usr/bin/env python3
# ruff: noqa
# A copy of the reference's own judge, so that it stays what it is.
"""compare.py RESULTS.json EXPECTED_DIR [EXPECTED_DIR ...]      (standard library only)
RESULTS.json: {case: {estimate id: {"est":…, "se":…, "df":…, "deff":…, "deff_wr":…, "n":…, "ci": {method: [lo, hi]},
               "ci_ext": {…}, "vcov": [[…]], "differences": [{"est":…, "se":…, "p":…}], "F":…, "ndf":…, "ddf":…, "p":…}}}
Only what is present on both sides is compared; null in the expected file means "no reference". Exit 0 when nothing differs.
Relative tolerances (of max(1e-3,|expected|)): est 1e-9, se/vcov 1e-7, df and n exact, deff 1e-6, closed-form limits 1e-6,
likelihood limits 1e-3, test statistics 1e-6.  --min-coverage X fails when less than the share X of the reference estimates is answered."""
import sys, json, glob, os, math
TOL = dict(est=1e-9, se=1e-7, vcov=1e-7, df=0, df_full=0, n=0, deff=1e-6, deff_wr=1e-6, F=1e-6, ndf=1e-6, ddf=1e-6, p=1e-6, t=1e-6, cov=1e-7, likelihood=1e-3, intercept=1e-6, intercept_se=1e-6, coef=1e-6, df_resid=0)
def flat(x): return [z for y in x for z in flat(y)] if isinstance(x, list) else [x]
def bad(a, b, tol):
    a, b = flat(a), flat(b)
    if len(a) != len(b): return True
    for x, y in zip(a, b):
        if y is None: continue
        if x is None or not math.isfinite(x) or abs(x-y) > tol*max(1e-3, abs(y))+1e-12: return True
    return False
def main(argv):
    cov = 0.0
    if '--min-coverage' in argv: i = argv.index('--min-coverage'); cov = float(argv[i+1]); del argv[i:i+2]
    res = json.load(open(argv[0])); want = have = checks = 0; fails = []
    for d in argv[1:]:
        for f in sorted(glob.glob(os.path.join(d, '*.json'))):
            js = json.load(open(f)); c = js['case']
            if 'designs' not in js: continue
            for e in js['estimates']:
                want += 1; r = res.get(c, {}).get(e['id'])
                if r is None: continue
                have += 1
                for q in ('est', 'se', 'df', 'df_full', 'n', 'deff', 'deff_wr', 'vcov', 'F', 'ndf', 'ddf', 'p', 't', 'intercept', 'intercept_se', 'coef', 'df_resid'):
                    if q in r and e.get(q) is not None:
                        checks += 1
                        if bad(r[q], e[q], TOL[q]): fails.append((c, e['id'], q, r[q], e[q]))
                for g in ('ci', 'ci_ext'):
                    for m, lim in (r.get(g) or {}).items():
                        x = (e.get(g) or {}).get(m)
                        if x is not None:
                            checks += 1
                            if bad(lim, x, TOL.get(m, 1e-6)): fails.append((c, e['id'], g+':'+m, lim, x))
                for a, b in zip(r.get('differences', []), e.get('differences', [])):
                    for q in ('est', 'se', 'p', 'cov'):
                        if q in a and q in b:
                            checks += 1
                            if bad(a[q], b[q], 1e-7): fails.append((c, e['id'], 'difference:'+q, a[q], b[q]))
    for x in fails[:40]: print(*x)
    print(f'{len(fails)} mismatches in {checks} checks; {have} of {want} reference estimates answered'); return 1 if fails or have < cov*want else 0
if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
