# Expected figures of a year of four quarters, by R `survey`. Run once, in this folder, after make_data.py:
# Rscript make_period.R
# Debian 12: r-base-core, r-cran-survey 4.1.1, r-cran-jsonlite.
# Strata are quarter x stratum. `wr` has no weights; `post` is post-stratified to the dossiers of quarter x unit x field;
# `raking` is calibrated to these and, in the odd quarters, whose dossiers are counted by month, to the months.
suppressMessages({library(survey); library(jsonlite)})
options(survey.lonely.psu = "fail", digits = 15)

d <- read.csv("quarters.csv", colClasses = c(quarter = "character", month = "character"))
dossiers <- read.csv("quarters_dossiers.csv", colClasses = c(month = "character"))
dossiers$quarter <- paste0("2026-", (as.integer(substr(dossiers$month, 6, 7)) + 2) %/% 3)
figures <- list(q01 = "q01", q02 = "q02", q03 = "q03", q04 = "q04", A = c("q01", "q02"), B = c("q03", "q04"),
                overall = c("q01", "q02", "q03", "q04"))
for (of in names(figures)) {
  given <- as.matrix(d[figures[[of]]])
  d[[paste0("y_", of)]] <- rowSums(given >= 4, na.rm = TRUE)
  d[[paste0("x_", of)]] <- rowSums(!is.na(given))
}
d$class <- interaction(d$quarter, d$unit, d$field, drop = TRUE)
d$h <- interaction(d$quarter, d$stratum, drop = TRUE)
dossiers$class <- interaction(dossiers$quarter, dossiers$unit, dossiers$field, drop = TRUE)
population <- tapply(dossiers$dossiers, dossiers$class, sum)[levels(d$class)]

wr <- svydesign(~psu, strata = ~h, weights = rep(1, nrow(d)), data = d, nest = TRUE)
post <- postStratify(wr, ~class, data.frame(class = names(population), Freq = as.numeric(population)))
odd <- c("2026-02", "2026-03", "2026-08", "2026-09")  # the first month of a quarter follows from the classes
columns <- paste0("m", substr(odd, 6, 7))
for (place in seq_along(odd)) wr$variables[[columns[place]]] <- as.numeric(d$month == odd[place])
months <- setNames(tapply(dossiers$dossiers, dossiers$month, sum)[odd], columns)
target <- c(setNames(as.numeric(population), paste0("class", names(population))), months)
even <- svydesign(~psu, strata = ~h, weights = rep(sum(population) / nrow(d), nrow(d)), data = wr$variables, nest = TRUE)
raking <- calibrate(even, as.formula(paste("~ 0 + class +", paste(columns, collapse = " + "))), target,
                    calfun = "raking", epsilon = 1e-14, maxit = 500)
designs <- list(wr = wr, post = post, raking = raking)

domains <- list(list(), list(unit = "a"), list(unit = "b"), list(unit = "c"), list(unit = "d"), list(field = "civil"),
                list(unit = "b", field = "land"), list(wave = "2026-2"), list(unit = "a", wave = "2026-3"))
estimates <- list()
for (key in names(designs)) for (domain in domains) for (of in names(figures)) {
  data <- designs[[key]]$variables
  data$wave <- data$quarter
  x <- paste0("x_", of); y <- paste0("y_", of)
  inside <- rep(TRUE, nrow(data))
  for (column in names(domain)) inside <- inside & data[[column]] == domain[[column]]
  sub <- designs[[key]][inside & data[[x]] > 0, ]
  ratio <- svyratio(as.formula(paste0("~", y)), as.formula(paste0("~", x)), sub)
  total <- svytotal(as.formula(paste0("~", y)), sub)
  rows <- inside & data[[x]] > 0
  estimates[[length(estimates) + 1]] <- list(
    design = key, domain = if (length(domain)) domain else NULL, of = of, n = sum(rows), est = coef(ratio)[[1]],
    se = SE(ratio)[[1]], total = coef(total)[[1]], total_se = SE(total)[[1]],
    df = length(unique(interaction(d$h, d$psu)[rows])) - length(unique(d$h[rows])))
}
by <- svyby(~y_q01, ~unit, wr, svymean, covmat = TRUE)
write_json(list(case = "period", generator = list(R = R.version.string, survey = as.character(packageVersion("survey"))),
                population = sum(dossiers$dossiers), figures = estimates,
                by = list(levels = as.character(by$unit), est = unname(coef(by)), vcov = unname(vcov(by)))),
           "period.json", auto_unbox = TRUE, digits = 16, null = "null", pretty = 1)
