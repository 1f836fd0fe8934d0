"""NB201-Digits, the project's own benchmark: how it is made, asked and described.

The finished table is embedded in the package: ``nasutils.data.load_table("nb201_digits")``.
"""
