# Times of R's GSVA on the matrix and sets that gene_sets.py wrote. Rscript gene_sets.R FOLDER
suppressMessages(library(GSVA))
folder <- commandArgs(TRUE)[1]
genes <- readLines(file.path(folder, "genes.txt")); samples <- readLines(file.path(folder, "samples.txt"))
read <- function(name) matrix(readBin(file.path(folder, name), "double", length(genes) * length(samples)),
                              nrow = length(genes), dimnames = list(genes, samples))
lines <- strsplit(readLines(file.path(folder, "sets.gmt")), "\t")
sets <- setNames(lapply(lines, function(z) z[-(1:2)]), sapply(lines, `[`, 1))
time <- function(name, x, ...) {
  taken <- system.time(r <- gsva(x, sets, min.sz = 1, max.sz = Inf, verbose = FALSE, ...))["elapsed"]
  cat(sprintf("TIME\t%s\t%.3f\n", name, taken))
  writeBin(as.vector(r), file.path(folder, paste0(name, ".f64")))
}
for (work in commandArgs(TRUE)[-1]) {
  if (work == "gsva") time(work, read("log.f64"), method = "gsva", kcdf = "Gaussian")
  if (work == "ssgsea") time(work, read("log.f64"), method = "ssgsea")
  if (work == "gsva_poisson") time(work, read("counts.f64"), method = "gsva", kcdf = "Poisson")
}
cat(sprintf("VERSION\t%s, GSVA %s\n", R.version.string, packageVersion("GSVA")))
