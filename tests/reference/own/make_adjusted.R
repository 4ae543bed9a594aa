# Expected coefficients, standard errors and predictive margins of adjusted comparisons, by R `survey`. Run once, in this
# folder, after make_expected.R: Rscript make_adjusted.R
# Debian 12: r-base-core, r-cran-survey 4.1.1, r-cran-jsonlite.
# Groups are waves (their margins), adjusted for field and age; in `lonely`, groups are fields, adjusted for odd and even rows.
# `svypredmeans` adds the variances of the population and of the coefficients, without their covariance; `full` has it:
# svyrecvar of the whole influence, written out here.
suppressMessages({library(survey); library(jsonlite)})
options(survey.lonely.psu = "fail", digits = 15)
exact <- list(epsilon = 1e-15, maxit = 100)

shares <- function(data, factors) {
  for (item in grep("^q[0-9]+$", names(data), value = TRUE)) data[[paste0("t_", item)]] <- as.numeric(data[[item]] >= 4)
  for (f in names(factors)) {
    s <- as.matrix(data[factors[[f]]])
    data[[paste0("good_", f)]] <- rowSums(s >= 4, na.rm = TRUE)
    data[[paste0("bad_", f)]] <- rowSums(s < 4, na.rm = TRUE)
  }
  data
}

# The variance of estimates with influences z [rows, estimates], over the PSUs of a design (0 for rows that it left out).
recvar <- function(z, design) svyrecvar(z, design$cluster, design$strata, design$fpc, postStrata = design$postStrata)

adjusted <- function(id, design, key, of, group, adjust, lonely = "fail") {
  options(survey.lonely.psu = lonely)
  on.exit(options(survey.lonely.psu = "fail"))
  data <- design$variables
  y <- if (startsWith(of, "q")) data[[paste0("t_", of)]] else data[[paste0("good_", of)]]
  x <- if (startsWith(of, "q")) as.numeric(!is.na(y)) else y + data[[paste0("bad_", of)]]
  y[is.na(y)] <- 0
  left <- if (startsWith(of, "q")) paste0("t_", of) else sprintf("cbind(good_%s, bad_%s)", of, of)
  rhs <- paste(c(group, adjust), collapse = " + ")
  model <- svyglm(as.formula(paste(left, "~", rhs)), design, family = quasibinomial, control = exact)
  mm <- model.matrix(as.formula(paste("~", rhs)), data)
  w <- ifelse(is.finite(design$prob), 1 / design$prob, 0)
  b <- coef(model)
  p <- drop(plogis(mm %*% b))
  inverse <- solve(t(mm) %*% (mm * (w * x * p * (1 - p))))
  levels <- sort(unique(data[[group]]))
  z <- sapply(levels, function(level) {
    other <- data; other[[group]] <- factor(level, levels = levels)
    mo <- model.matrix(as.formula(paste("~", rhs)), other)
    q <- drop(plogis(mo %*% b))
    m <- sum(w * x * q) / sum(w * x)
    gradient <- colSums(w * x * q * (1 - q) * mo) / sum(w * x)
    c(m, w * (x * (q - m) / sum(w * x) + (y - x * p) * drop(mm %*% inverse %*% gradient)))
  })
  full <- recvar(z[-1, , drop = FALSE], design)
  out <- list(id = id, design = key, of = of, group = group, adjust = I(adjust), lonely = lonely,
              terms = names(b), coef = unname(b), se = unname(SE(model)), vcov = unname(vcov(model)),
              df_resid = model$df.residual, groups = as.character(levels), margin = z[1, ],
              full_se = unname(sqrt(diag(full))), full_vcov = unname(full))
  # svypredmeans weighs persons, as an item does. In 4.1.1 it recycles weights where a calibrated design has rows without an
  # answer, so that its standard errors are wrong there: left out.
  if (startsWith(of, "q") && (is.null(design$postStrata) || all(x > 0))) {
    base <- svyglm(as.formula(paste(left, "~", paste(adjust, collapse = " + "))), design, family = quasibinomial, control = exact)
    means <- svypredmeans(base, as.formula(paste0("~", group)))
    place <- match(as.character(levels), names(coef(means)))
    out$predmeans <- unname(coef(means))[place]
    out$predmeans_se <- unname(SE(means))[place]
  }
  out
}

# ---- clusters: the designs of make_expected.R ------------------------------------------------------------------------
text <- c("wave", "sex", "age", "field")
d <- shares(read.csv("clusters.csv", colClasses = setNames(rep("character", 4), text)), list(B = c("q02", "q03", "q04")))
for (column in text) d[[column]] <- factor(d[[column]])
wr <- svydesign(~psu, strata = ~stratum, weights = ~w, data = d, nest = TRUE)
one_stage <- svydesign(~psu, strata = ~stratum, fpc = ~M_h, weights = ~w, data = d, nest = TRUE)
two <- svydesign(~psu + id, strata = ~stratum, fpc = ~M_h + N_j, weights = ~w, data = d, nest = TRUE)
total <- sum(d$w)
sex <- c(F = .52, M = .48) * total
age <- c("18-34" = .3, "35-54" = .45, "55+" = .25) * total
cells <- expand.grid(sex = names(sex), age = names(age), stringsAsFactors = FALSE)
cells$Freq <- sex[cells$sex] * age[cells$age] / total
target <- c("(Intercept)" = total, sexM = sex[["M"]], "age35-54" = age[["35-54"]], "age55+" = age[["55+"]])
objects <- list(
  wr = wr, one_stage = one_stage, two = two, post = postStratify(wr, ~sex + age, cells),
  raked = rake(wr, list(~sex, ~age), list(data.frame(sex = names(sex), Freq = sex), data.frame(age = names(age), Freq = age)),
               control = list(maxit = 200, epsilon = 1e-10 * total, verbose = FALSE)),
  raking = calibrate(one_stage, ~sex + age, target, calfun = "raking", epsilon = 1e-12, maxit = 200))
found <- list()
for (key in names(objects)) for (of in c("q01", "q02", "B"))
  found[[length(found) + 1]] <- adjusted(paste("clusters", key, of, sep = "_"), objects[[key]], key, of, "wave", c("field", "age"))

# ---- lonely: strata 2 and 4 have one PSU -----------------------------------------------------------------------------
lone <- shares(read.csv("lonely.csv", colClasses = c(field = "character")), list())
lone <- lone[lone$field != "rare", ]
lone$field <- factor(lone$field)
lone$half <- factor(ifelse(seq_len(nrow(lone)) %% 2 == 0, "even", "odd"))
lone <- svydesign(~psu, strata = ~stratum, weights = ~w, data = lone, nest = TRUE)
for (rule in c("remove", "adjust", "average"))
  found[[length(found) + 1]] <- adjusted(paste("lonely", rule, sep = "_"), lone, "lonely", "q02", "field", "half", rule)

version <- list(R = R.version.string, survey = as.character(packageVersion("survey")))
write_json(list(case = "adjusted", generator = version, models = found), "adjusted.json", auto_unbox = TRUE, digits = 16,
           null = "null", pretty = 1)
