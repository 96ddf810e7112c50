# Cramer's V with the interval by noncentral chi-square, from the definition: base R's pchisq and uniroot, and
# effectsize's cramers_v beside it. Run in this folder: Rscript cramer.R
# Debian packages: r-base-core, r-cran-effectsize
full <- function(x) paste(format(x, digits = 17, trim = TRUE), collapse = " ")
tables <- list(
  two = rbind(c(5, 5), c(9, 2)), trial = rbind(c(30, 20, 10, 4), c(9, 14, 19, 9), c(1, 2, 5, 6)),
  strong = rbind(c(30, 2, 0), c(3, 25, 4), c(1, 2, 20)), weak = rbind(c(12, 9, 8), c(10, 11, 9)),
  whole = rbind(c(9, 0, 0), c(0, 8, 0), c(0, 0, 7)), tall = rbind(c(8, 3), c(4, 6), c(9, 7), c(2, 5), c(6, 6)))
rows <- list()
for (k in names(tables)) for (level in c(0.95, 0.9)) {
  x <- tables[[k]]
  chi <- suppressWarnings(chisq.test(x, correct = FALSE)); s <- unname(chi$statistic); df <- unname(chi$parameter)
  scale <- sum(x) * (min(dim(x)) - 1); a <- (1 - level) / 2
  ncp <- function(p) if (pchisq(s, df) <= p) 0 else
    uniroot(function(l) pchisq(s, df, ncp = l) - p, c(0, 1000), tol = 1e-13)$root
  limits <- pmin(1, sqrt(c(ncp(1 - a), ncp(a)) / scale))
  other <- suppressWarnings(effectsize::cramers_v(x, adjust = FALSE, ci = level, alternative = "two.sided"))
  rows[[length(rows) + 1]] <- data.frame(case = k, level, dims = paste(dim(x), collapse = "x"),
    cells = paste(t(x), collapse = " "), v = full(sqrt(s / scale)), low = full(limits[1]), high = full(limits[2]),
    other_low = full(other$CI_low), other_high = full(other$CI_high))
}
write.csv(do.call(rbind, rows), "cramer_results.csv", row.names = FALSE)
print(packageVersion("effectsize"))
