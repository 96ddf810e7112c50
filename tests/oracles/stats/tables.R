# Simulated tables and groups, and what R's tests make of them. Run in this folder: Rscript tables.R
# Debian package: r-base-core
set.seed(20240704)
full <- function(x) paste(format(x, digits = 17, trim = TRUE), collapse = " ")
rows <- list()
add <- function(test, case, table, dims, ...) {
  values <- c(...)
  rows[[length(rows) + 1]] <<- data.frame(test, case, dims = paste(dims, collapse = "x"), cells = paste(table, collapse = " "),
                                          names = paste(names(values), collapse = " "), values = full(unname(values)))
}
# the odds ratio's equations solved to 1e-14: R's fisher.test stops its search at 1.2e-4
exact_odds <- function(x, level = 0.95) {
  one <- sum(x[1, ]); other <- sum(x[2, ]); drawn <- sum(x[, 1]); at <- x[1, 1]
  support <- max(0, drawn - other):min(drawn, one); base <- dhyper(support, one, other, drawn, log = TRUE)
  tilted <- function(t) { w <- base + t * support; w <- exp(w - max(w)); w / sum(w) }
  solve <- function(f) uniroot(f, c(-60, 60), tol = 1e-14)$root
  a <- (1 - level) / 2
  c(mle = if (at == min(support)) 0 else if (at == max(support)) Inf else exp(solve(function(t) sum(support * tilted(t)) - at)),
    low = if (at == min(support)) 0 else exp(solve(function(t) sum(tilted(t)[support >= at]) - a)),
    high = if (at == max(support)) Inf else exp(solve(function(t) sum(tilted(t)[support <= at]) - a)))
}
# 2 x 2
two <- list(even = c(3, 5, 4, 6), trial = c(0, 14, 64, 51), far = c(30, 2, 3, 40), empty_row_end = c(5, 0, 9, 3), one = c(1, 0, 0, 1),
            large = c(60, 69, 40, 101))
for (k in names(two)) {
  x <- matrix(two[[k]], 2, byrow = TRUE); f <- fisher.test(x)
  add("fisher2x2", k, two[[k]], c(2, 2), p = f$p.value, r_or = unname(f$estimate), r_low = f$conf.int[1], r_high = f$conf.int[2], exact_odds(x))
  chi <- suppressWarnings(chisq.test(x)); plain <- suppressWarnings(chisq.test(x, correct = FALSE))
  add("chisq", k, two[[k]], c(2, 2), corrected = unname(chi$statistic), p_corrected = chi$p.value, plain = unname(plain$statistic),
      p_plain = plain$p.value, df = unname(plain$parameter))
  m <- mcnemar.test(x)
  add("mcnemar", k, two[[k]], c(2, 2), statistic = unname(m$statistic), p = m$p.value)
}
# r x c
dealt <- function(groups, classes, shift = 0) {
  g <- rep(seq_along(groups), groups); p <- outer(seq_along(groups), seq_len(classes), function(i, j) 1 + shift * i * j)
  t(sapply(seq_along(groups), function(i) rmultinom(1, groups[i], p[i, ])))
}
big <- list(small_3x3 = dealt(c(5, 6, 4), 3), rcb_3x4 = dealt(c(64, 51, 14), 4), rcb_3x4_shifted = rbind(c(30, 20, 10, 4), c(9, 14, 19, 9), c(1, 2, 5, 6)),
            two_by_6 = dealt(c(40, 30), 6), four_by_4 = dealt(c(9, 8, 7, 6), 4), sparse_5x3 = dealt(c(3, 2, 4, 2, 3), 3),
            zero_row = rbind(c(3, 4, 1), c(0, 0, 0), c(1, 5, 6)))
for (k in names(big)) {
  x <- big[[k]]; f <- fisher.test(x[rowSums(x) > 0, ], workspace = 2e8)
  add("fisher", k, t(x), dim(x), p = f$p.value)
}
# squares
squares <- list(spec = rbind(c(40, 12, 1), c(8, 60, 6), c(0, 3, 20)), four = dealt(c(30, 25, 20, 22), 4))
for (k in names(squares)) {
  m <- mcnemar.test(squares[[k]])
  add("bowker", k, t(squares[[k]]), dim(squares[[k]]), statistic = unname(m$statistic), df = unname(m$parameter), p = m$p.value)
}
# strata: cells in the order row by row, stratum by stratum
strata <- function(...) { l <- list(...); array(unlist(l), c(nrow(l[[1]]), ncol(l[[1]]), length(l))) }
cells <- function(a) as.vector(aperm(a, c(2, 1, 3)))
cmh <- list(hr = strata(rbind(c(0, 9), c(30, 50)), rbind(c(1, 5), c(34, 10))), three = strata(rbind(c(5, 8), c(4, 12)), rbind(c(10, 5), c(7, 9)), rbind(c(1, 0), c(3, 4))),
            null = strata(rbind(c(10, 10), c(20, 20)), rbind(c(3, 6), c(5, 10))))
for (k in names(cmh)) {
  a <- cmh[[k]]; f <- mantelhaen.test(a); e <- mantelhaen.test(a, exact = TRUE); u <- mantelhaen.test(a, correct = FALSE)
  add("mantelhaen", k, cells(a), dim(a)[c(3, 1, 2)], statistic = unname(f$statistic), p = f$p.value, or = unname(f$estimate), low = f$conf.int[1],
      high = f$conf.int[2], p_plain = u$p.value, p_exact = e$p.value, or_exact = unname(e$estimate), low_exact = e$conf.int[1], high_exact = e$conf.int[2])
}
wide <- list(three_by_2 = strata(rbind(c(5, 8), c(9, 3), c(4, 6)), rbind(c(7, 7), c(8, 2), c(6, 9))), three_by_4 = strata(dealt(c(30, 20, 14), 4), dealt(c(34, 31, 9), 4)))
for (k in names(wide)) {
  f <- mantelhaen.test(wide[[k]])
  add("general", k, cells(wide[[k]]), dim(wide[[k]])[c(3, 1, 2)], statistic = unname(f$statistic), df = unname(f$parameter), p = f$p.value)
}
# proportions
for (k in list(c(0, 14), c(5, 9), c(75, 93), c(10, 10))) {
  b <- binom.test(k[1], k[2]); w <- suppressWarnings(prop.test(k[1], k[2], correct = FALSE))
  add("share", paste(k, collapse = "/"), k, 2, low = b$conf.int[1], high = b$conf.int[2], wilson_low = w$conf.int[1], wilson_high = w$conf.int[2])
}
write.csv(do.call(rbind, rows), "tables_results.csv", row.names = FALSE)
# several groups
groups <- list(trial = list(rnorm(64), rnorm(51, 0.3), rnorm(14, 0.8)), ties = list(round(rnorm(12)), round(rnorm(9, 1)), round(rnorm(10))), small = list(rnorm(4), rnorm(5, 1), rnorm(3, 2)))
long <- do.call(rbind, lapply(names(groups), function(k) data.frame(case = k, group = rep(seq_along(groups[[k]]), lengths(groups[[k]])), value = unlist(groups[[k]]))))
write.csv(format(long, digits = 17, trim = TRUE), "groups_inputs.csv", row.names = FALSE, quote = FALSE)
long <- read.csv("groups_inputs.csv")
out <- do.call(rbind, lapply(names(groups), function(k) { d <- long[long$case == k, ]; t <- kruskal.test(d$value, d$group)
  data.frame(case = k, statistic = t$statistic, df = t$parameter, p = t$p.value) }))
write.csv(format(out, digits = 17, trim = TRUE), "groups_results.csv", row.names = FALSE, quote = FALSE)
