"""What this software is not; the words that every report carries."""

SHORT = "Research use only"
SYNTHETIC = "Synthetic data"
HEADER = "Research use only. Not a medical device, not for diagnosis or treatment decisions."
FULL = (
    "For research use only. This is not a medical device. It is not for diagnosis or treatment decisions, is not "
    "validated for clinical use, and is not cleared or approved by the FDA or CE-marked.",
    "The output depends on the counts and percentages that were entered and on the choice of regions. Every "
    "specimen needs a pathologist's review; results marked as indeterminate or for adjudication must be resolved "
    "by a qualified person.",
    "Published rules are re-expressed here under the version and date that stand beside each result. Guidelines "
    "change; consult the original text. This software is not affiliated with the bodies that issue them, not "
    "endorsed by them.",
    "Percentages derived from images are uncalibrated unless a laboratory validates them on a set of the size "
    "that guidelines ask for; invasive and in-situ tumour are not told apart.",
    "Labels of heterogeneity have no agreed clinical cut-off. Intervals are shown with them. Nuclei that are cut "
    "by the section lose signals, which is known to make tumours look heterogeneous.",
    "PAM50, ESTIMATE and deconvolution scores depend on the cohort and the platform and are research scores; the "
    "tumour purity of ESTIMATE does not hold for RNA sequencing.",
    "Mutation calls from RNA are not a genetic test. The absence of a call is not a negative result.",
    "Identifiers of persons do not belong in a study folder. Everything runs on this computer; nothing is sent "
    "anywhere.",
    "There is no warranty. Cite the papers behind the methods. Gene signatures of third parties whose terms "
    "forbid it are not included.",
)
PERSON = "This report describes groups of patients in a study. It says nothing about the treatment of a person."
