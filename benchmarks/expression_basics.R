# One piece of work, timed inside R: Rscript expression_basics.R WORK FOLDER REPEATS
# Reads FOLDER/*.f64 (column-major doubles) with their sizes in FOLDER/sizes.txt; prints "seconds <s>" per repeat.
args <- commandArgs(TRUE); work <- args[1]; folder <- args[2]; repeats <- as.integer(args[3])
size <- read.table(file.path(folder, "sizes.txt"), row.names = 1)
get <- function(name) matrix(readBin(file.path(folder, paste0(name, ".f64")), "double", prod(size[name, ])), size[name, 1])
put <- function(x) writeBin(as.vector(x), file.path(folder, paste0(work, "_r.f64")))
timed <- function(f) for (i in seq_len(repeats)) {
  t <- system.time(answer <<- f()); cat("seconds", t["elapsed"], t["user.self"] + t["sys.self"], "\n") # wall, processor
}
if (work == "tmm") {
  suppressMessages(library(edgeR)); x <- get("counts")
  timed(function() calcNormFactors(x, method = "TMM")); put(answer); cat("version edgeR", format(packageVersion("edgeR")), "\n")
}
if (work == "pca") {
  x <- t(get("log_cpm"))
  timed(function() prcomp(x)); put(answer$x[, 1:10]); cat("version", R.version.string, "\n")
}
if (work == "nusvr") {
  suppressMessages(library(e1071)); X <- get("signature"); Y <- get("mixtures")
  X <- (X - mean(X)) / sd(as.vector(X)); nus <- c(.25, .5, .75)
  timed(function() sapply(seq_len(ncol(Y)), function(m) {
    y <- (Y[, m] - mean(Y[, m])) / sd(Y[, m])
    W <- sapply(nus, function(nu) {
      fit <- svm(X, y, type = "nu-regression", kernel = "linear", nu = nu, scale = FALSE)
      w <- as.vector(t(fit$coefs) %*% fit$SV); w[w < 0] <- 0; w / sum(w)
    })
    W[, which.min(sqrt(colMeans((X %*% W - y)^2)))]
  })); put(answer); cat("version e1071", format(packageVersion("e1071")), "\n")
}
