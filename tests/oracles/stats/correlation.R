# Simulated pairs and what cor.test and p.adjust make of them. Run in this folder: Rscript correlation.R
# Debian package: r-base-core
set.seed(20240703)
made <- function(n, slope) { x <- rnorm(n); data.frame(x = x, y = slope * x + rnorm(n)) }
cases <- list(three = made(3, 1), four = made(4, -1), nine = made(9, 0.8), ten = made(10, 0.8), trial = made(115, 0.4),
              strong = made(43, 3), none = made(43, 0), ties = round(made(50, 0.5)), coarse = round(made(8, 1)),
              many = made(1300, 0.05))
inputs <- do.call(rbind, lapply(names(cases), function(k) data.frame(case = k, cases[[k]])))
write.csv(format(inputs, digits = 17, trim = TRUE), gzfile("correlation_inputs.csv.gz"), row.names = FALSE, quote = FALSE)
inputs <- read.csv("correlation_inputs.csv.gz")
results <- do.call(rbind, lapply(names(cases), function(k) do.call(rbind, lapply(c("pearson", "spearman"), function(m) {
  d <- inputs[inputs$case == k, ]
  w <- suppressWarnings(cor.test(d$x, d$y, method = m))
  data.frame(case = k, method = m, statistic = w$statistic, r = w$estimate, p = w$p.value,
             low = if (is.null(w$conf.int)) NA else w$conf.int[1], high = if (is.null(w$conf.int)) NA else w$conf.int[2])
}))))
write.csv(format(results, digits = 17, trim = TRUE), "correlation_results.csv", row.names = FALSE, quote = FALSE)
p <- c(runif(12)^3, NA, 0.5, 0.5, 1)
write.csv(format(data.frame(p, bh = p.adjust(p, "BH"), holm = p.adjust(p, "holm")), digits = 17, trim = TRUE),
          "adjust.csv", row.names = FALSE, quote = FALSE)
