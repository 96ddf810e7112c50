# DESeq2 on one cohort, timed inside R: Rscript deseq.R WORK FOLDER
# WORK: groups (~ group, three contrasts) or paired (~ patient + time). Reads FOLDER/counts.i32 (column-major), sizes.txt,
# samples.tsv; writes WORK_R.tsv; prints "seconds <elapsed> <processor>".
args <- commandArgs(TRUE); work <- args[1]; folder <- args[2]
suppressMessages(library(DESeq2))
size <- scan(file.path(folder, "sizes.txt"), quiet = TRUE)
counts <- matrix(readBin(file.path(folder, "counts.i32"), "integer", prod(size)), size[1])
data <- read.delim(file.path(folder, "samples.tsv"), stringsAsFactors = TRUE)
rownames(counts) <- sprintf("g%05d", seq_len(size[1])); colnames(counts) <- rownames(data) <- data$sample
if (work == "paired") data$time <- relevel(data$time, "pre")
t <- system.time({
  dds <- DESeqDataSetFromMatrix(counts, data, if (work == "groups") ~group else ~patient + time)
  dds <- DESeq(dds, quiet = TRUE)
  asked <- if (work == "groups") combn(levels(data$group), 2, simplify = FALSE) else list(c("pre", "post"))
  of <- if (work == "groups") "group" else "time"
  found <- lapply(asked, function(k) results(dds, contrast = c(of, k[2], k[1])))
})
cat("seconds", t["elapsed"], t["user.self"] + t["sys.self"], "\nversion DESeq2", format(packageVersion("DESeq2")), "\n")
first <- found[[1]]
write.table(data.frame(lfc = first$log2FoldChange, p = first$pvalue, padj = first$padj, dispersion = mcols(dds)$dispersion),
            file.path(folder, paste0(work, "_R.tsv")), sep = "\t", row.names = FALSE, na = "")
