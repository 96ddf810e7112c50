# Small simulated counts under several designs, and what DESeq2 makes of each.
# Rscript make.R OUT_DIR   (Debian: r-bioc-deseq2; versions in sessionInfo.txt)
out <- commandArgs(TRUE)[1]
suppressMessages(library(DESeq2))
set.seed(20240611)
genes <- 200; n <- 24
samples <- data.frame(group = rep(c("a", "b", "c"), each = 8), batch = rep(c("x", "y"), 12),
                      patient = sprintf("p%d", rep(1:12, each = 2)), time = rep(c("pre", "post"), 12),
                      age = round(rnorm(n, 55, 9), 1), row.names = sprintf("s%02d", 1:n))
depth <- exp(runif(n, -0.6, 0.6)); base <- exp(rnorm(genes, 4, 2))
effect <- matrix(rnorm(genes * 3, 0, 0.8) * (runif(genes) < 0.3), genes)
effect[, 1] <- 0
person <- matrix(rnorm(genes * 12, 0, 0.3), genes)
mu <- base * exp(effect[, as.integer(factor(samples$group))] + person[, rep(1:12, each = 2)]) * rep(depth, each = genes)
alpha <- (0.05 + 2 / base) * exp(rnorm(genes, 0, 0.6))
counts <- matrix(rnbinom(genes * n, mu = mu, size = 1 / alpha), genes,
                 dimnames = list(sprintf("g%03d", 1:genes), rownames(samples)))
for (g in 21:26) counts[g, (g * 5) %% n + 1] <- counts[g, (g * 5) %% n + 1] + 200L * (1 + as.integer(mean(counts[g, ])))
for (g in 27:30) counts[g, 1:12] <- 0L            # groups without counts
counts[31:33, ] <- 0L                             # genes without counts
counts[34, ] <- 0L; counts[34, 2] <- 900L         # counts in one sample only
counts[35, c(1, 2, 3, 5, 13)] <- c(700L, 800L, 900L, 100L, 40000L)
counts[36:37, 1:16] <- 0L                         # two of three groups without counts
counts[38, 1:16] <- 0L; counts[38, 3] <- 5000L    # the same but for an outlier
counts[40, ] <- 0L; counts[40, 17:24] <- c(1L, 2L, 0L, 1L, 0L, 1L, 0L, 2L); counts[40, 5] <- 3000L
storage.mode(counts) <- "integer"
write.csv(counts, gzfile(file.path(out, "counts.csv.gz")))
write.csv(samples, file.path(out, "samples.csv"))
put <- function(x, name) {
  x <- as.data.frame(x)
  if (!grepl("lrt", name)) x$stat <- NULL          # log2FoldChange / lfcSE
  if (grepl("normal", name)) x <- x[, c("log2FoldChange", "lfcSE")]
  for (j in seq_along(x)) if (is.numeric(x[[j]])) x[[j]] <- signif(x[[j]], 9)
  write.csv(x, gzfile(file.path(out, paste0(name, ".csv.gz"))), na = "")
}
facts <- list()
# Genes with gross outliers or without counts in a group stay out of the designs with a covariate: there R's bounded optimiser stops where it starts
# (natural-log coefficients read as log2 ones), and its dispersions of such genes, hence the trend, mean nothing.
calm <- setdiff(1:genes, c(21:26, 28, 34, 35, 38, 40, 100))
run <- function(name, keep, design, contrast = NULL, extra = list(), alternatives = FALSE, rows = 1:genes, ...) {
  data <- samples[keep, ]; for (v in c("group", "batch", "patient")) data[[v]] <- factor(data[[v]])
  data$time <- factor(data$time, levels = c("pre", "post"))
  dds <- suppressMessages(DESeqDataSetFromMatrix(counts[rows, keep], data, design))
  messages <- character()
  dds <- withCallingHandlers(DESeq(dds, ...), message = function(m) messages <<- c(messages, conditionMessage(m)))
  res <- if (is.null(contrast)) results(dds) else if (length(contrast) == 1) results(dds, name = contrast) else
    results(dds, contrast = contrast)
  m <- mcols(dds)
  table <- cbind(as.data.frame(res), m[, c("dispGeneEst", "dispFit", "dispMAP", "dispersion", "maxCooks")])
  if (is.null(m$replace)) table$replace <- FALSE else table$replace <- m$replace
  table$betaIter <- m$betaIter; if (is.null(m$betaIter)) table$betaIter <- m$fullBetaIter
  for (k in names(extra)) {
    r <- results(dds, contrast = extra[[k]])
    table[[paste0(k, "_lfc")]] <- r$log2FoldChange; table[[paste0(k, "_se")]] <- r$lfcSE; table[[paste0(k, "_p")]] <- r$pvalue
    table[[paste0(k, "_padj")]] <- r$padj
  }
  if (alternatives) for (k in c("greaterAbs", "lessAbs", "greater", "less")) {
    r <- results(dds, contrast = contrast, lfcThreshold = 0.5, altHypothesis = k)
    table[[paste0(k, "_stat")]] <- r$stat; table[[paste0(k, "_p")]] <- r$pvalue
  }
  put(table, name)
  f <- dispersionFunction(dds)
  facts[[name]] <<- data.frame(design = name, fit = attr(f, "fitType"), variance = attr(f, "varLogDispEsts"),
                               prior = attr(f, "dispPriorVar"), sf1 = sizeFactors(dds)[1], sf2 = sizeFactors(dds)[2])
  invisible(dds)
}
two <- c(1:6, 9:14)
dds <- run("two_groups", two, ~group, c("group", "b", "a"), alternatives = TRUE)
shrunk <- suppressMessages(lfcShrink(dds, coef = "group_b_vs_a", type = "normal")); put(shrunk, "two_groups_normal")
dds <- run("three_groups", 1:24, ~group, c("group", "b", "a"), list(c_b = c("group", "c", "b"), a_c = c("group", "a", "c")))
put(assays(dds)[["cooks"]][c(21:26, 35), ], "three_groups_cooks")
run("uneven_groups", c(1:8, 9:16, 17:20), ~group, c("group", "c", "a"))
dds <- run("covariate", two, ~age + group, c("group", "b", "a"), rows = calm)
shrunk <- suppressMessages(lfcShrink(dds, coef = "group_b_vs_a", type = "normal")); put(shrunk, "covariate_normal")
run("age", 1:24, ~age, "age", rows = calm)
run("additive", 1:24, ~batch + group, c("group", "c", "b"))
run("interaction", 1:16, ~batch * group, "batchy.groupb", list(b_a = c("group", "b", "a")))
run("paired", 1:24, ~patient + time, c("time", "post", "pre"))
run("lrt", 1:24, ~batch + group, c("group", "c", "a"), test = "LRT", reduced = ~batch)
run("lrt_constant", 1:16, ~group, c("group", "b", "a"), test = "LRT", reduced = ~1)
run("local", 1:24, ~group, c("group", "b", "a"), fitType = "local")
run("mean", 1:24, ~group, c("group", "b", "a"), fitType = "mean")
run("poscounts", c(1:4, 17:20), ~group, c("group", "c", "a"), sfType = "poscounts")
run("two_each", c(1, 2, 9, 10), ~group, c("group", "b", "a"))
write.csv(do.call(rbind, facts), file.path(out, "facts.csv"), row.names = FALSE)
writeLines(capture.output(sessionInfo()), file.path(out, "sessionInfo.txt"))
