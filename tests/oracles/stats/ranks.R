# Simulated groups and pairs, and what wilcox.test makes of them. Run in this folder: Rscript ranks.R
# Debian package: r-base-core
set.seed(20240702)
two <- list(
  tiny = list(c(3.1, 1.2, 2.7), c(0.4, 1.9, 0.8, 1.1)),
  small = list(rnorm(14, 1), rnorm(43)),
  largest_exact = list(rnorm(49, 0.3), rt(49, 3)),
  fifty = list(rnorm(50, 0.3), rnorm(12)),
  trial_64_51 = list(rnorm(64, 0.4), rnorm(51)),
  trial_51_14 = list(rexp(51), rexp(14) + 0.3),
  ties = list(round(rnorm(14, 1), 1), round(rnorm(43), 1)),
  counts = list(rpois(64, 3), rpois(51, 4)),
  few_levels = list(c(0, 0, 1, 1, 2, 2, 2, 3), c(1, 2, 2, 3, 3, 3)),
  apart = list(11:20 + 0.5, 1:8 + 0.25),
  far_p = list(rnorm(40, 5), rnorm(45))
)
pair <- list(
  tiny = c(0.3, -0.1, 0.8, 1.1),
  small = rnorm(12, 0.5), largest_exact = rnorm(49, 0.2), fifty = rnorm(50, 0.2), larger = rexp(80) - 0.6,
  ties = round(rnorm(20, 0.4), 1), zeros = c(0, 0, rnorm(18, 0.4)), both = c(0, 0, 0, round(rnorm(43, 0.3), 1)),
  all_up = seq(0.5, 5, by = 0.37)
)
inputs <- rbind(
  do.call(rbind, lapply(names(two), function(k) data.frame(test = "rank_sum", case = k,
    part = rep(c("x", "y"), lengths(two[[k]])), value = unlist(two[[k]])))),
  do.call(rbind, lapply(names(pair), function(k) data.frame(test = "signed_rank", case = k, part = "d", value = pair[[k]])))
)
write.csv(format(inputs, digits = 17, trim = TRUE), "ranks_inputs.csv", row.names = FALSE, quote = FALSE)
one <- function(test, case, variant, ...) {
  w <- suppressWarnings(wilcox.test(..., conf.int = TRUE))
  data.frame(test, case, variant, statistic = w$statistic, p = w$p.value, estimate = w$estimate,
             low = w$conf.int[1], high = w$conf.int[2], level = attr(w$conf.int, "conf.level"), method = w$method)
}
read <- read.csv("ranks_inputs.csv") # what the tests read is what R tests
results <- list()
for (k in names(two)) {
  part <- split(read$value[read$test == "rank_sum" & read$case == k], read$part[read$test == "rank_sum" & read$case == k])
  results <- c(results, list(one("rank_sum", k, "default", part$x, part$y), one("rank_sum", k, "normal", part$x, part$y, exact = FALSE),
                             one("rank_sum", k, "level90", part$x, part$y, conf.level = 0.9)))
}
for (k in names(pair)) {
  d <- read$value[read$test == "signed_rank" & read$case == k]
  results <- c(results, list(one("signed_rank", k, "default", d), one("signed_rank", k, "normal", d, exact = FALSE)))
}
results <- do.call(rbind, results)
write.csv(format(results, digits = 17, trim = TRUE), "ranks_results.csv", row.names = FALSE, quote = FALSE)
writeLines(R.version.string, "versions.txt")
