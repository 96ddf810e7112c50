"""What this software is not: the words that every help, table, answer and report carries, in one place.

Nothing is imported here, so that the help of a command stays quick.
"""

INTENDED_USE = "research_use_only"
"""The field `intended_use` of every JSON answer, and the column of that name of every table of results."""
SHORT = "Research use only"
SYNTHETIC = "Synthetic data"
HEADER = "Research use only. Not a medical device, not for diagnosis or treatment decisions."
PERSON = "This report describes groups of patients in a study. It says nothing about the treatment of a person."

USE = (
    "Research use only; not a medical device; not for diagnosis or treatment decisions; not validated for clinical "
    "use; not cleared or approved by FDA or CE-marked."
)
INPUTS = (
    "Output depends on the counts and percentages entered and on the choice of region; every specimen needs review by "
    "a pathologist; ADJUDICATION_REQUIRED and INDETERMINATE must be resolved by a qualified person."
)
RULES = (
    "Published rules are re-expressed, not quoted, under the version and date that stand beside each result; "
    "guidelines change: consult the original; not affiliated with the issuing bodies and not endorsed by them."
)
IMAGES = (
    "Percentages derived from images are uncalibrated unless a laboratory validates them on a set of the size that "
    "guidelines ask for; invasive and in-situ tumour are not told apart."
)
HETEROGENEITY = (
    "Labels of heterogeneity have no agreed clinical cut-off; intervals are shown with them; nuclei that are cut by "
    "the section lose signals, which is known to make tumours look heterogeneous."
)
SCORES = (
    "PAM50, ESTIMATE and deconvolution scores depend on the cohort and the platform and are research scores; the "
    "tumour purity of ESTIMATE does not hold for RNA sequencing."
)
MUTATIONS = "Mutation calls from RNA are not a genetic test; the absence of a call is not a negative result."
LOCAL = "Everything runs on this computer; nothing is sent anywhere."
PRIVACY = f"Identifiers of persons do not belong in a study folder. {LOCAL}"
WARRANTY = (
    "There is no warranty. Cite the papers behind the methods. Gene signatures of third parties whose terms forbid it "
    "are not included."
)

FULL = (USE, INPUTS, RULES, IMAGES, HETEROGENEITY, SCORES, MUTATIONS, PRIVACY, WARRANTY)
"""The report's."""
OF_RULES = (USE, INPUTS, RULES)
"""Of a verdict, and of residual cancer burden."""
OF_NUCLEI = (USE, INPUTS, RULES, HETEROGENEITY)
"""Of what is counted in nuclei."""
OF_IMAGES = (*OF_NUCLEI[:2], IMAGES, HETEROGENEITY)
"""Of what is read from positions of cells."""
HELP = f"{HEADER} {LOCAL}"
"""Below the help of every command."""
