# Simulated counts and what edgeR makes of them. Run in this folder: Rscript make.R
# Debian packages: r-base-core r-bioc-edger
suppressMessages(library(edgeR))
set.seed(20240611)
genes <- 200; samples <- 9
mean_count <- exp(rnorm(genes, 3.5, 2))
depth <- exp(runif(samples, -1.5, 1.5))
usual <- matrix(rnbinom(genes * samples, mu = outer(mean_count, depth), size = 4), genes)
usual[1:5, ] <- 0
usual[6:15, 3] <- usual[6:15, 3] * 40 + 100
sparse <- matrix(rbinom(length(usual), usual, 0.004), genes)
sparse[, which(colSums(sparse) == 0)] <- 1
for (name in c("usual", "sparse")) {
  counts <- get(name)
  dimnames(counts) <- list(sprintf("g%03d", 1:genes), sprintf("s%d", 1:samples))
  y <- calcNormFactors(DGEList(counts), method = "TMM")
  put <- function(x, what) write.csv(x, sprintf("%s_%s.csv", name, what))
  put(counts, "counts")
  put(format(y$samples[, c("lib.size", "norm.factors")], digits = 17), "tmm")
  logs <- cpm(y, log = TRUE, prior.count = 2)[1:100, ] # the first genes are enough
  put(format(logs, digits = 17), "log_cpm_prior2")
  put(format(log2(cpm(y)[1:100, ] + 1), digits = 17), "log_cpm1")
}
two <- usual[, 1:2]
write.csv(format(data.frame(norm.factors = calcNormFactors(two)), digits = 17), "two_tmm.csv")
writeLines(c(R.version.string, paste("edgeR", packageVersion("edgeR"))), "versions.txt")
