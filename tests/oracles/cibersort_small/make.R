# Simulated mixtures and what e1071 (libsvm) makes of them, in the steps of Newman et al. 2015; limma for quantiles.
# Run in this folder: Rscript make.R      Debian packages: r-base-core r-cran-e1071 r-bioc-limma
suppressMessages({library(e1071); library(limma)})
set.seed(20240613)
genes <- 80; types <- 5; mixtures <- 8
S <- matrix(exp(rnorm(genes * types, 4, 1)), genes)
for (j in 1:types) S[(j - 1) * 12 + 1:12, j] <- S[(j - 1) * 12 + 1:12, j] * exp(rnorm(12, 2, .4))
share <- matrix(rgamma(types * mixtures, .6), types); share <- t(t(share) / colSums(share))
Y <- (S %*% share) * exp(rnorm(genes * mixtures, 0, .25)) + rgamma(genes * mixtures, 2, .05)
S <- round(S, 3); Y <- round(Y, 3)
dimnames(S) <- list(sprintf("g%02d", 1:genes), sprintf("type%d", 1:types)); dimnames(Y) <- list(rownames(S), sprintf("m%d", 1:mixtures))
X <- (S - mean(S)) / sd(as.vector(S))
nus <- c(.25, .5, .75)
weights <- function(y, nu, tolerance) {
  y <- (y - mean(y)) / sd(y)
  fit <- svm(X, y, type = "nu-regression", kernel = "linear", nu = nu, scale = FALSE, tolerance = tolerance)
  w <- as.vector(t(fit$coefs) %*% fit$SV); w[w < 0] <- 0; w / sum(w)
}
fit <- function(tolerance) t(sapply(1:mixtures, function(m) {
  y <- (Y[, m] - mean(Y[, m])) / sd(Y[, m])
  W <- sapply(nus, function(nu) weights(Y[, m], nu, tolerance)); K <- X %*% W
  rmse <- sqrt(colMeans((K - y)^2)); b <- which.min(rmse)
  c(W[, b], cor(K[, b], y), rmse[b], nus[b])
}))
put <- function(x, name) write.csv(format(x, digits = 16), paste0(name, ".csv"))
name <- function(x) { dimnames(x) <- list(colnames(Y), c(colnames(S), "correlation", "rmse", "nu")); x }
write.csv(S, "signature.csv"); write.csv(Y, "mixtures.csv")
put(name(fit(1e-9)), "fractions_tol1e-9"); put(name(fit(1e-3)), "fractions_default")
tied <- round(Y / 20) # many ties
put(normalizeQuantiles(tied, ties = TRUE), "quantiles_of_rounded"); put(normalizeQuantiles(Y), "quantiles")
writeLines(c(R.version.string, sapply(c("e1071", "limma"), function(p) paste(p, packageVersion(p)))), "versions.txt")
