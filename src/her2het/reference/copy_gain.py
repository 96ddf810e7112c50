"""The ERBB2/CEP17 ratio from which a tumour counts as one of high copy number gain, as a cited record."""

from her2het.reference.guidelines import Bound, Citation

LI_2024 = Citation(
    "Li 2024",
    "Li Z, Metzger Filho O, Viale G, et al. J Clin Invest 2024;134(7):e176454",
    "10.1172/JCI176454",
)
HIGH_GAIN = Bound(">=", 6)
"""Li 2024, Supplemental Figure 4C: ratio of the summed signals of a tumour, from 6 on against below 6."""
