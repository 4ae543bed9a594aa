# Expected figures for supplied replicate weights, by R `survey`. Run once, in this folder: Rscript make_replicates.R
# Debian 12: r-base-core, r-cran-survey 4.1.1, r-cran-jsonlite. The replicate weights are made from clusters.csv, written
# to CSV files, and read again from there, so that both sides begin with the same digits.
suppressMessages({library(survey); library(jsonlite)})
options(digits = 15)
version <- list(R = R.version.string, survey = as.character(packageVersion("survey")))
factors <- list(A = c("q01", "q02"), B = c("q02", "q03", "q04"))

derive <- function(data) {
  for (item in grep("^q[0-9]+$", names(data), value = TRUE)) {
    data[[paste0("t_", item)]] <- as.numeric(data[[item]] >= 4)
    data[[paste0("s_", item)]] <- (data[[item]] - 1) * 25
  }
  for (f in names(factors)) {
    s <- as.matrix(data[factors[[f]]])
    data[[paste0("fn_", f)]] <- rowSums(s >= 4, na.rm = TRUE)
    data[[paste0("fd_", f)]] <- rowSums(!is.na(s))
  }
  data
}
f <- function(name) as.formula(paste0("~", name))
texts <- c(sex = "character", age = "character", field = "character")

one <- function(id, kind, y, design, key, domain = NULL, x = NULL) {
  inside <- !is.na(design$variables[[y]])
  for (column in names(domain)) inside <- inside & design$variables[[column]] == domain[[column]]
  sub <- design[inside, ]
  out <- list(id = id, kind = kind, y = y, x = x, domain = domain, design = key, level = 0.95, n = sum(inside),
              df = degf(sub), df_full = degf(design))
  r <- switch(kind, ratio = svyratio(f(y), f(x), sub), total = svytotal(f(y), sub), svymean(f(y), sub, deff = TRUE))
  out$est <- coef(r)[[1]]
  out$se <- as.numeric(SE(r))[[1]]
  if (kind %in% c("prop", "mean")) out$deff <- as.numeric(deff(r))
  if (kind == "prop") out$ci <- lapply(c(xlogit = "xlogit", asin = "asin", mean = "mean", beta = "beta"), function(m)
    as.numeric(attr(svyciprop(f(y), sub, method = m, df = degf(sub)), "ci")))
  out
}

by <- function(id, y, column, design, key) {
  sub <- design[!is.na(design$variables[[y]]), ]
  r <- svyby(f(y), f(column), sub, svymean, covmat = TRUE)
  v <- vcov(r); est <- unname(coef(r)); levels <- as.character(r[[column]])
  differences <- lapply(seq_len(length(est) - 1), function(k) {
    d <- est[k] - est[k + 1]; se <- sqrt(v[k, k] + v[k + 1, k + 1] - 2 * v[k, k + 1])
    list(a = levels[k], b = levels[k + 1], est = d, se = se, cov = v[k, k + 1], p = 2 * pt(-abs(d / se), degf(sub)))
  })
  list(id = id, kind = "by", y = y, by = column, design = key, levels = levels, est = est, se = unname(SE(r)),
       df = degf(sub), vcov = matrix(v, length(est)), differences = differences)
}

scott <- function(id, y, column, design, key) {
  r <- svychisq(as.formula(paste0("~", y, "+", column)), design, statistic = "F")
  list(id = id, kind = "raoscott", y = y, by = column, design = key, F = unname(r$statistic), ndf = r$parameter[[1]],
       ddf = r$parameter[[2]], p = unname(r$p.value))
}

figures <- function(objects) {
  found <- list()
  add <- function(new) found[[length(found) + 1]] <<- new
  for (key in names(objects)) {
    o <- objects[[key]]
    add(one(paste0(key, "_p1"), "prop", "t_q01", o, key))
    add(one(paste0(key, "_p2_land"), "prop", "t_q02", o, key, list(field = "land")))
    add(one(paste0(key, "_p4_F"), "prop", "t_q04", o, key, list(sex = "F")))
    add(one(paste0(key, "_m2"), "mean", "s_q02", o, key, list(sex = "M")))
    add(one(paste0(key, "_T"), "total", "t_q04", o, key, list(sex = "F")))
    add(one(paste0(key, "_fr"), "ratio", "fn_B", o, key, x = "fd_B"))
    add(one(paste0(key, "_fr_M"), "ratio", "fn_A", o, key, list(sex = "M"), x = "fd_A"))
    add(by(paste0(key, "_by"), "t_q02", "sex", o, key))
    add(scott(paste0(key, "_scott"), "t_q01", "age", o, key))
  }
  found
}

save <- function(case, designs, objects)
  write_json(list(case = case, data = paste0(case, ".csv"), factors = factors, generator = version, designs = designs,
                  estimates = figures(objects)), paste0(case, ".json"), auto_unbox = TRUE, digits = 16, null = "null",
             pretty = 1)

described <- function(columns, type, ..., calibration = NULL)
  list(ids = NULL, strata = NULL, fpc = NULL, weights = "w", calibration = calibration,
       replicates = list(columns = I(columns), type = type, ...))

written <- function(name, data, ...) {
  kept <- c("id", "stratum", "psu", "w", "sex", "age", "field", "q01", "q02", "q03", "q04")
  columns <- do.call(cbind, lapply(list(...), function(w) format(round(w, 6), scientific = FALSE, trim = TRUE, digits = 15, drop0trailing = TRUE)))
  write.csv(cbind(data[kept], columns), name, row.names = FALSE, na = "", quote = FALSE)
  derive(read.csv(name, colClasses = texts))
}
named <- function(matrix, start) { colnames(matrix) <- sprintf("%s%02d", start, seq_len(ncol(matrix))); matrix }
full <- function(design) weights(design, "analysis")

# ---- halves: two PSUs in each stratum, half-samples ------------------------------------------------------------------
d <- read.csv("clusters.csv", colClasses = texts)
two <- d[d$psu <= 2, ]
o <- svydesign(~psu, strata = ~stratum, weights = ~w, data = two, nest = TRUE)
two <- written("halves.csv", two, named(full(as.svrepdesign(o, type = "BRR")), "brr"),
               named(full(as.svrepdesign(o, type = "Fay", fay.rho = .3)), "fay"))
brr <- grep("^brr", names(two), value = TRUE); fay <- grep("^fay", names(two), value = TRUE)
rep_of <- function(data, columns, ...) svrepdesign(data = data, weights = ~w, repweights = data[columns], ...)
objects <- list(
  brr = rep_of(two, brr, type = "BRR"),
  fay = rep_of(two, fay, type = "Fay", rho = .3),
  fay_mse = rep_of(two, fay, type = "Fay", rho = .3, mse = TRUE))
save("halves", list(brr = described(brr, "BRR"), fay = described(fay, "Fay", rho = .3),
                    fay_mse = described(fay, "Fay", rho = .3, mse = TRUE)), objects)

# ---- replicates: all PSUs, two to six in a stratum -------------------------------------------------------------------
set.seed(20263)
o <- svydesign(~psu, strata = ~stratum, weights = ~w, data = d, nest = TRUE)
jkn <- as.svrepdesign(o, type = "JKn")
boot <- as.svrepdesign(o, type = "subbootstrap", replicates = 30)
a <- written("replicates.csv", d, named(full(jkn), "jk"), named(as.matrix(weights(boot, "replication")), "boot"))
jk <- grep("^jk", names(a), value = TRUE); boot <- grep("^boot", names(a), value = TRUE)
rscales <- jkn$rscales
total <- sum(a$w)
cells <- data.frame(sex = c("F", "M"), Freq = c(.52, .48) * total)
objects <- list(
  jkn = rep_of(a, jk, type = "JKn", rscales = rscales, scale = 1),
  jkn_mse = rep_of(a, jk, type = "JKn", rscales = rscales, scale = .9, mse = TRUE),
  boot = rep_of(a, boot, type = "bootstrap", combined.weights = FALSE),
  boot_mse = rep_of(a, boot, type = "bootstrap", combined.weights = FALSE, scale = 1 / 30, mse = TRUE))
objects$jkn_post <- postStratify(objects$jkn, ~sex, cells)
objects$boot_post <- postStratify(objects$boot, ~sex, cells)
post <- list(method = "poststratify", by = I("sex"), cells = cells)
jkn <- function(...) described(jk, "JKn", rscales = rscales, ...)
boots <- function(...) described(boot, "bootstrap", full = FALSE, ...)
save("replicates", list(jkn = jkn(), jkn_mse = jkn(scale = .9, mse = TRUE), boot = boots(),
                        boot_mse = boots(scale = 1 / 30, mse = TRUE), jkn_post = jkn(calibration = post),
                        boot_post = boots(calibration = post)), objects)
