"""Every question is well formed, and what its check finds is what the right choice says."""

import re

import numpy as np
import pytest

from course.quiz import Question, quizzes, read_quiz
from nasutils.errors import DataError
from nasutils.paths import repository_root
from nasutils.study.notebooks import find_notebooks

QUESTIONS = {
    f"{chapter}-{number}": question
    for chapter, path in quizzes().items()
    for number, question in enumerate(read_quiz(path), start=1)
}
each_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())


def test_every_paper_has_a_quiz_and_every_quiz_a_chapter():
    chapters = set(find_notebooks(repository_root()))
    papers = {"hypernas", "kshot_hypernet", "generative", "transferable", "up_nas"}
    assert {"benchmarks", *papers} <= set(quizzes()) <= chapters
    assert all(len(read_quiz(path)) >= 6 for path in quizzes().values())


@each_question
def test_choices_differ_and_end_without_a_full_stop(question):
    assert len(set(question.choices)) == len(question.choices) >= 3
    assert question.ask.endswith("?")
    assert question.why.endswith(".")
    assert not any(choice.endswith(".") for choice in question.choices)


@each_question
def test_choices_that_name_a_figure_have_a_check(question):
    assert question.check or not any(re.search(r"\d", choice) for choice in question.choices)


@pytest.mark.parametrize(
    "question", [pytest.param(each, id=name) for name, each in QUESTIONS.items() if each.check]
)
def test_what_the_check_finds_is_the_right_choice(question):
    names = {}
    exec(question.check, names)
    if not question.shows:
        assert isinstance(names["answer"], bool | np.bool_)
        assert names["answer"]
        return
    shown = question.shows.format(names["answer"])
    words = re.compile(rf"(?<![\w.,−-]){re.escape(shown)}(?![\w]|[.,]\d)")
    found = [choice for choice in question.choices if words.search(choice)]
    assert found == [question.right]


@each_question
def test_no_line_of_a_check_is_cut_at_the_edge_of_the_page(question):
    assert [line for line in question.check.splitlines() if len(line) > 72] == []


def test_the_right_answers_are_spread():
    places = [question.answer for question in QUESTIONS.values()]
    assert all(places.count(place) >= 0.15 * len(places) for place in (1, 2, 3))


VALID = 'ask = "How many?"\nchoices = ["one", "two"]\nanswer = 1\nwhy = "So."\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no toml", "holds no questions"),
        ("[[question]]\n" + VALID.replace("why", "reason"), "question 1: unknown reason"),
        ("[[question]]\n" + VALID.replace('why = "So."', ""), "question 1 lacks why"),
        ("[[question]]\n" + VALID.replace("answer = 1", "answer = 3"), "2 choices, and answer 3"),
    ],
)
def test_a_bad_file_is_an_error_that_names_it(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_quiz(path)


def test_a_question_knows_its_right_choice():
    assert Question("Which?", ("a", "b"), 2, "So.").right == "b"
