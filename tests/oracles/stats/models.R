# Simulated cohorts, and what coin, brglm2, pROC and nlme make of them. Run in this folder: Rscript models.R
# Debian packages: r-base-core r-cran-coin r-cran-brglm2 r-cran-proc r-cran-nlme
suppressMessages({library(coin); library(brglm2); library(pROC); library(nlme)})
set.seed(20240705)
put <- function(x, name) write.csv(format(x, digits = 17, trim = TRUE), name, row.names = FALSE, quote = FALSE)
# a rank-sum test within strata: coin with ranks over N + 1 of each stratum is van Elteren's
n <- 129
d <- data.frame(case = "trial", group = rep(c("HET", "rest"), c(30, n - 30)), stratum = sample(c("HR+", "HR-", "unknown"), n, TRUE, c(5, 3, 1)))
d$value <- rnorm(n) + 0.6 * (d$group == "HET") + 2 * (d$stratum == "HR+")
ties <- d; ties$case <- "ties"; ties$value <- round(ties$value)
lone <- rbind(d[1:60, ], data.frame(case = "x", group = "HET", stratum = "alone", value = 3)); lone$case <- "lone"
strata <- rbind(d, ties, lone)
put(strata, "strata_inputs.csv"); strata <- read.csv("strata_inputs.csv")
put(do.call(rbind, lapply(unique(strata$case), function(k) {
  x <- strata[strata$case == k, ]
  x <- x[x$stratum %in% names(which(tapply(x$group, x$stratum, function(g) length(unique(g))) == 2)), ]
  x$score <- ave(x$value, x$stratum, FUN = function(v) rank(v) / (length(v) + 1))
  x$group <- factor(x$group); x$stratum <- factor(x$stratum)
  t <- independence_test(score ~ group | stratum, data = x, teststat = "scalar", distribution = "asymptotic")
  data.frame(case = k, z = as.numeric(statistic(t)), p = as.numeric(pvalue(t)))
})), "strata_results.csv")
# penalised logistic regression: coefficients, errors, and limits by profiling brglm2's own penalised likelihood
m <- 115
f <- data.frame(case = "usual", age = rnorm(m), hr = rbinom(m, 1, 0.6), het = rbinom(m, 1, 0.25)); f$y <- rbinom(m, 1, plogis(-0.5 + 0.8 * f$hr + 0.4 * f$age))
s <- f; s$case <- "separated"; s$y <- ifelse(s$het == 1, 0, s$y) # nobody with het responds, as 0 of 14
few <- f[1:16, ]; few$case <- "few"
firth <- rbind(f, s, few)
put(firth, "firth_inputs.csv"); firth <- read.csv("firth_inputs.csv")
penalised <- function(b, X, y) { eta <- drop(X %*% b); p <- plogis(eta); sum(y * eta - log1p(exp(eta))) + 0.5 * as.numeric(determinant(crossprod(X * sqrt(p * (1 - p))))$modulus) }
put(do.call(rbind, lapply(unique(firth$case), function(k) {
  x <- firth[firth$case == k, ]
  g <- glm(y ~ age + hr + het, binomial, x, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 1000)
  X <- model.matrix(g); top <- penalised(coef(g), X, x$y)
  held <- function(j, v) -optim(coef(g)[-j], function(b) -penalised(append(b, v, j - 1), X, x$y), method = "BFGS", control = list(reltol = 1e-15, maxit = 2000))$value
  gap <- function(j) function(v) 2 * (top - held(j, v)) - qchisq(0.95, 1)
  e <- sqrt(diag(vcov(g)))
  do.call(rbind, lapply(seq_along(coef(g)), function(j) data.frame(case = k, term = names(coef(g))[j], coef = coef(g)[j], se = e[j], loglik = top,
    low = uniroot(gap(j), c(coef(g)[j] - 12 * e[j], coef(g)[j]), tol = 1e-9)$root, high = uniroot(gap(j), c(coef(g)[j], coef(g)[j] + 12 * e[j]), tol = 1e-9)$root,
    p = pchisq(2 * (top - held(j, 0)), 1, lower.tail = FALSE))))
})), "firth_results.csv")
# areas under the curve
a <- data.frame(y = rep(1:0, c(64, 51)), one = c(rnorm(64, 0.8), rnorm(51)), two = c(rnorm(64, 0.3), rnorm(51)), tied = round(c(rnorm(64, 1), rnorm(51))))
put(a, "auc_inputs.csv"); a <- read.csv("auc_inputs.csv")
r <- lapply(c("one", "two", "tied"), function(k) roc(a$y, a[[k]], direction = "<", levels = c(0, 1), quiet = TRUE)); names(r) <- c("one", "two", "tied")
between <- roc.test(r$one, r$two, method = "delong", paired = TRUE)
put(rbind(do.call(rbind, lapply(names(r), function(k) data.frame(what = k, value = as.numeric(auc(r[[k]])), variance = var(r[[k]], method = "delong"), p = NA))),
          data.frame(what = "one - two", value = as.numeric(auc(r$one) - auc(r$two)), variance = cov(r$one, r$two, method = "delong"), p = between$p.value)), "auc_results.csv")
# several biopsies per patient
p <- 40; per <- sample(1:3, p, TRUE)
b <- data.frame(patient = rep(sprintf("p%02d", 1:p), per), group = rep(rep(c("A", "B"), c(24, 16)), per), age = rep(rnorm(p), per))
b$value <- 5 + 0.7 * (b$group == "B") + 0.3 * b$age + rep(rnorm(p), per) + rnorm(nrow(b), sd = 0.7)
put(b, "mixed_inputs.csv"); b <- read.csv("mixed_inputs.csv")
put(do.call(rbind, lapply(list(value ~ group, value ~ group + age), function(formula) {
  fit <- lme(formula, random = ~ 1 | patient, data = b, method = "REML", control = lmeControl(tolerance = 1e-12, msTol = 1e-12, msMaxIter = 500))
  t <- summary(fit)$tTable["groupB", ]
  data.frame(terms = length(all.vars(formula)) - 1, value = t["Value"], se = t["Std.Error"], between = as.numeric(VarCorr(fit)[1, 2]), within = as.numeric(VarCorr(fit)[2, 2]))
})), "mixed_results.csv")
# numbers of patients
put(data.frame(p1 = c(0.56, 0.3, 0.05), p2 = c(0.25, 0.1, 0.3), n = c(power.prop.test(p1 = 0.56, p2 = 0.25, power = 0.8)$n,
  power.prop.test(p1 = 0.3, p2 = 0.1, power = 0.9)$n, power.prop.test(p1 = 0.05, p2 = 0.3, power = 0.8, sig.level = 0.01)$n)), "power_results.csv")
writeLines(c(R.version.string, sapply(c("coin", "brglm2", "pROC", "nlme"), function(k) paste(k, packageVersion(k)))), "versions.txt")
