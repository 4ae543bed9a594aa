# Expected figures of our own reference cases, by R `survey`. Run once, in this folder: Rscript make_expected.R
# Debian 12: r-base-core, r-cran-survey 4.1.1, r-cran-jsonlite. What 4.1.1 lacks or does otherwise than 4.5 is avoided:
# no `wilson`, no covariance of domains under calibration, no totals under `adjust`.
suppressMessages({library(survey); library(jsonlite)})
options(survey.lonely.psu = "fail", digits = 15)
version <- list(R = R.version.string, survey = as.character(packageVersion("survey")))

derive <- function(data, factors) {
  for (item in grep("^q[0-9]+$", names(data), value = TRUE)) {
    data[[paste0("t_", item)]] <- as.numeric(data[[item]] >= 4)
    data[[paste0("s_", item)]] <- (data[[item]] - 1) * 25
  }
  for (f in names(factors)) {
    s <- as.matrix(data[factors[[f]]])
    a <- rowSums(!is.na(s))
    data[[paste0("fn_", f)]] <- rowSums(s >= 4, na.rm = TRUE)
    data[[paste0("fd_", f)]] <- a
    data[[paste0("fm_", f)]] <- ifelse(a >= ceiling(ncol(s) / 2), rowSums((s - 1) * 25, na.rm = TRUE) / pmax(a, 1), NA)
  }
  data
}

counted <- function(design, inside) {
  rows <- inside & weights(design, "sampling") != 0
  c(df = length(unique(design$cluster[rows, 1])) - length(unique(design$strata[rows, 1])), n = sum(inside))
}

f <- function(name) as.formula(paste0("~", name))
clean <- function(x) { x <- as.numeric(x); if (all(is.finite(x))) x else NULL }

one <- function(id, kind, y, design, key, domain = NULL, x = NULL, level = 0.95, lonely = NULL, adjust = FALSE) {
  options(survey.lonely.psu = if (is.null(lonely)) "fail" else lonely, survey.adjust.domain.lonely = adjust)
  on.exit(options(survey.lonely.psu = "fail", survey.adjust.domain.lonely = FALSE))
  data <- design$variables
  inside <- !is.na(data[[y]])
  for (column in names(domain)) inside <- inside & !is.na(data[[column]]) & as.character(data[[column]]) == domain[[column]]
  sub <- design[inside, ]
  sub$variables[[y]][is.na(sub$variables[[y]])] <- 0   # rows that a calibrated design keeps, with weight 0
  full <- counted(design, rep(TRUE, nrow(data)))
  own <- counted(design, inside)
  out <- list(id = id, kind = kind, y = y, x = x, domain = domain, design = key, level = level, lonely_psu = lonely,
              adjust_domain_lonely = if (adjust) TRUE else NULL, n = own[["n"]], df = own[["df"]], df_full = full[["df"]])
  q <- (1 + level) / 2
  if (kind == "ratio") {
    r <- svyratio(f(y), f(x), sub); est <- coef(r)[[1]]; se <- SE(r)[[1]]
  } else if (kind == "total") {
    r <- svytotal(f(y), sub); est <- coef(r)[[1]]; se <- SE(r)[[1]]
  } else {
    r <- svymean(f(y), sub, deff = TRUE); est <- coef(r)[[1]]; se <- SE(r)[[1]]
    d <- as.numeric(deff(r)); if (is.finite(d) && d > 0 && d < 1e6) out$deff <- d
  }
  if (!is.finite(est) || !is.finite(se)) message(id, " est ", est, " se ", se)
  out$est <- est; out$se <- se
  if (kind == "prop") {
    out$ci <- list()
    if (isTRUE(est > 0 && est < 1 && se > 1e-12 && own[["df"]] > 1))
      for (m in c("logit", "likelihood", "asin", "beta", "mean", "xlogit"))
        out$ci[[m]] <- tryCatch(clean(attr(svyciprop(f(y), sub, method = m, level = level, df = own[["df"]]), "ci")),
                                error = function(e) NULL)
  } else if (own[["df"]] > 0) out$ci <- list(t = est + c(-1, 1) * qt(q, own[["df"]]) * se)
  out
}

by <- function(id, y, column, design, key) {
  r <- svyby(f(y), f(column), design[!is.na(design$variables[[y]]), ], svymean, covmat = TRUE)
  v <- vcov(r); est <- unname(coef(r)); levels <- as.character(r[[column]])
  df <- counted(design, !is.na(design$variables[[y]]))[["df"]]
  differences <- lapply(seq_len(length(est) - 1), function(k) {
    d <- est[k] - est[k + 1]; se <- sqrt(v[k, k] + v[k + 1, k + 1] - 2 * v[k, k + 1])
    list(a = levels[k], b = levels[k + 1], est = d, se = se, cov = v[k, k + 1], p = 2 * pt(-abs(d / se), df))
  })
  list(id = id, kind = "by", y = y, by = column, design = key, levels = levels, est = est, se = unname(SE(r)), df = df,
       vcov = unname(v), differences = differences)
}

scott <- function(id, y, column, design, key) {
  r <- svychisq(as.formula(paste0("~", y, "+", column)), design, statistic = "F")
  list(id = id, kind = "raoscott", y = y, by = column, design = key, F = unname(r$statistic), ndf = r$parameter[[1]],
       ddf = r$parameter[[2]], p = unname(r$p.value))
}

trends <- function(id, y, x, design, key) {
  g <- svyglm(as.formula(paste0("s_", y, "~", x)), design)
  b <- svyglm(as.formula(paste0("t_", y, "~", x)), design, family = quasibinomial, control = list(epsilon = 1e-14, maxit = 100))
  wald <- regTermTest(svyglm(as.formula(paste0("s_", y, "~factor(", x, ")")), design), as.formula(paste0("~factor(", x, ")")))
  list(
    list(id = paste0(id, "_line"), kind = "trend_linear_regression", y = paste0("s_", y), x = x, design = key,
         est = coef(g)[[2]], se = SE(g)[[2]], intercept = coef(g)[[1]], intercept_se = SE(g)[[1]], df_resid = g$df.residual),
    list(id = paste0(id, "_logistic"), kind = "trend_logistic", y = paste0("t_", y), x = x, design = key,
         coef = unname(coef(b)), se = unname(SE(b)), df_resid = b$df.residual),
    list(id = paste0(id, "_wald"), kind = "wald_equal_means", y = paste0("s_", y), by = x, design = key,
         F = unname(wald$Ftest[1]), ndf = wald$df, ddf = wald$ddf, p = unname(wald$p[1])))
}

save <- function(case, data, factors, designs, estimates)
  write_json(list(case = case, data = data, factors = factors, generator = version, designs = designs,
                  estimates = estimates), paste0(case, ".json"), auto_unbox = TRUE, digits = 16, null = "null", pretty = 1)

# ---- clusters ------------------------------------------------------------------------------------------------------
factors <- list(A = c("q01", "q02"), B = c("q02", "q03", "q04"))
d <- derive(read.csv("clusters.csv", colClasses = c(sex = "character", age = "character", field = "character")), factors)
d$visits <- as.numeric(d$visits)
wr <- svydesign(~psu, strata = ~stratum, weights = ~w, data = d, nest = TRUE)
one_stage <- svydesign(~psu, strata = ~stratum, fpc = ~M_h, weights = ~w, data = d, nest = TRUE)
two <- svydesign(~psu + id, strata = ~stratum, fpc = ~M_h + N_j, weights = ~w, data = d, nest = TRUE)
total <- sum(d$w)
sex <- c(F = .52, M = .48) * total
age <- c("18-34" = .3, "35-54" = .45, "55+" = .25) * total
cells <- expand.grid(sex = names(sex), age = names(age), stringsAsFactors = FALSE)
cells$Freq <- sex[cells$sex] * age[cells$age] / total
post <- postStratify(wr, ~sex + age, cells)
post_two <- postStratify(two, ~sex + age, cells)
margins <- list(sex = as.list(sex), age = as.list(age))
raked <- rake(wr, list(~sex, ~age), list(data.frame(sex = names(sex), Freq = sex), data.frame(age = names(age), Freq = age)),
              control = list(maxit = 200, epsilon = 1e-10 * total, verbose = FALSE))
target <- c("(Intercept)" = total, sexM = sex[["M"]], "age35-54" = age[["35-54"]], "age55+" = age[["55+"]])
raking <- calibrate(wr, ~sex + age, target, calfun = "raking", epsilon = 1e-12, maxit = 200)
visits <- 1.05 * sum(d$w * d$visits)
greg <- calibrate(one_stage, ~sex + visits, c("(Intercept)" = total, sexM = sex[["M"]], visits = visits), epsilon = 1e-12)
logit <- calibrate(wr, ~sex + visits, c("(Intercept)" = total, sexM = sex[["M"]], visits = visits), calfun = "logit",
                   bounds = c(.4, 2.5), epsilon = 1e-12, maxit = 200)
totals <- list(N = total, categorical = list(sex = as.list(sex)), numeric = list(visits = visits))
base <- function(fpc, calibration = NULL, ids = list("psu"))
  list(ids = lapply(ids, I), strata = I("stratum"), fpc = if (is.null(fpc)) NULL else I(fpc), weights = "w", calibration = calibration)
designs <- list(
  wr = base(NULL), one_stage = base("M_h"), two = base(c("M_h", "N_j"), ids = list("psu", "id")),
  post = base(NULL, list(method = "poststratify", by = c("sex", "age"), cells = cells)),
  post_two = base(c("M_h", "N_j"), list(method = "poststratify", by = c("sex", "age"), cells = cells), list("psu", "id")),
  raked = base(NULL, list(method = "rake_ipf", margins = margins)),
  raking = base(NULL, list(method = "raking", margins = margins)),
  greg = base("M_h", list(method = "linear", totals = totals)),
  logit = base(NULL, list(method = "logit", bounds = c(.4, 2.5), totals = totals)))
objects <- list(wr = wr, one_stage = one_stage, two = two, post = post, post_two = post_two, raked = raked,
                raking = raking, greg = greg, logit = logit)
estimates <- list()
add <- function(...) estimates[[length(estimates) + 1]] <<- one(...)
for (key in names(objects)) {
  o <- objects[[key]]
  add(paste0(key, "_p1"), "prop", "t_q01", o, key)
  add(paste0(key, "_p3_land"), "prop", "t_q03", o, key, list(field = "land"), level = 0.9)
  add(paste0(key, "_p4_rare"), "prop", "t_q04", o, key, list(field = "rare", sex = "F"))
  add(paste0(key, "_m2"), "mean", "s_q02", o, key, list(sex = "M"))
  add(paste0(key, "_fm"), "mean", "fm_B", o, key, list(field = "civil"))
  add(paste0(key, "_T"), "total", "t_q04", o, key, list(field = "land"))
  add(paste0(key, "_fr"), "ratio", "fn_B", o, key, list(field = "land"), x = "fd_B")
  estimates[[length(estimates) + 1]] <- scott(paste0(key, "_scott"), "t_q02", "field", o, key)
}
for (key in c("wr", "one_stage", "two")) {
  estimates[[length(estimates) + 1]] <- by(paste0(key, "_by"), "t_q03", "wave", objects[[key]], key)
  estimates <- c(estimates, trends(paste0(key, "_trend"), "q02", "wave", objects[[key]], key))
}
jkn <- as.svrepdesign(wr, type = "JKn")
for (y in c("t_q01", "s_q03")) {
  r <- svymean(f(y), jkn, na.rm = TRUE)
  estimates[[length(estimates) + 1]] <- list(id = paste0("jkn_", y), kind = "mean", variance = "jkn", y = y, domain = NULL,
                                             design = "wr", est = coef(r)[[1]], se = SE(r)[[1]])
}
save("clusters", "clusters.csv", factors, designs, estimates)

# ---- lonely: the first PSU of strata 2 and 4 only -------------------------------------------------------------------
lone <- d[!(d$stratum %in% c(2, 4) & d$psu != 1), ]
write.csv(lone[c("id", "stratum", "psu", "w", "field", "q01", "q02")], "lonely.csv", row.names = FALSE, na = "", quote = FALSE)
lone <- derive(read.csv("lonely.csv", colClasses = c(field = "character")), list(A = c("q01", "q02")))
o <- svydesign(~psu, strata = ~stratum, weights = ~w, data = lone, nest = TRUE)
estimates <- list()
for (rule in c("remove", "adjust", "average")) for (adjust in c(FALSE, TRUE)) for (field in c("land", "rare"))
  add(paste(rule, adjust, field, sep = "_"), "prop", "t_q02", o, "wr", list(field = field), lonely = rule, adjust = adjust)
save("lonely", "lonely.csv", list(A = c("q01", "q02")), list(wr = base(NULL)), estimates)

# ---- listed: elements; stratum b is taken in whole ------------------------------------------------------------------
factors <- list(A = c("q01", "q02", "q03"))
d <- derive(read.csv("listed.csv", colClasses = c(stratum = "character", field = "character")), factors)
o <- svydesign(~1, strata = ~stratum, fpc = ~N_h, weights = ~w, data = d)
u <- svydesign(~1, weights = ~1, data = d)
designs <- list(strata = list(ids = NULL, strata = I("stratum"), fpc = I("N_h"), weights = "w", calibration = NULL),
                plain = list(ids = NULL, strata = NULL, fpc = NULL, weights = "w", calibration = NULL))
plain <- svydesign(~1, weights = ~w, data = d)
estimates <- list()
for (key in c("strata", "plain")) {
  o2 <- if (key == "strata") o else plain
  add(paste0(key, "_p1"), "prop", "t_q01", o2, key)
  add(paste0(key, "_p2_y"), "prop", "t_q02", o2, key, list(field = "y"))
  add(paste0(key, "_p3_z"), "prop", "t_q03", o2, key, list(field = "z"))
  add(paste0(key, "_m_b"), "mean", "s_q01", o2, key, list(stratum = "a"))
  add(paste0(key, "_T"), "total", "t_q02", o2, key, list(field = "x"))
  add(paste0(key, "_fr"), "ratio", "fn_A", o2, key, x = "fd_A")
  estimates[[length(estimates) + 1]] <- by(paste0(key, "_by"), "t_q01", "field", o2, key)
}
add("census", "mean", "s_q01", o, "strata", list(stratum = "b"))
save("listed", "listed.csv", factors, designs, estimates)
