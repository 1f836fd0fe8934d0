"""The course: what a teacher needs beside the book, as data and pages, and what makes slides."""
