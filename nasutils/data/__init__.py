"""The data room: public benchmark numbers come in here and are verified."""

from nasutils.data.tables import load_table, table_names
