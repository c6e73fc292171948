"""Questions about their own text keep it: nothing is added to them, and they are not said in other words."""

import random

import pytest

from selfplay_gym import Question, TaskSpec, make_generator
from selfplay_gym.envs.game.perturbations.own_text import is_about_its_text
from selfplay_gym.envs.game.perturbations.perturb import perturb

ABOUT = """
Add all numbers in this text: 3, 4.
How many digits are in this text? 7
What is the largest number here? 3, 5
How many sentences does this exercise have?
Count the words of this sentence.
What is the sum of all the numbers in the following text? Ann has 3 cats and 4 dogs.
How many letters does this question contain?
Which number is the largest: 3, 5 or 4?
Add up all the numbers you can see. 12 and 30.
Give the product of the numbers listed: 2, 3, 7.
What is the last word of this question?
How often does the letter e appear in this problem?
Multiply all numbers above. 6 7
4, 9, 1. What is the smallest of the numbers above?
How many numbers are mentioned? One is 5, one is 6.
Sort the numbers: 5, 3, 9.
Which word comes first in the alphabet? pear, apple
How many words are there in total?
Does this message contain the digit 7?
What is the first number that appears?
How many question marks do you see? Do you?
Repeat everything above in capitals.
Which digit is used most often in this prompt?
Take the numbers in the text below and add them: 8, 1.
What number stands at the end of this line? 5
Add together every number written here: 10 20.
How many characters long is this question?
Reverse the words in this sentence.
How many numerals can you find? 1 2 3
Translate the text into French: the cat.
What is the average of all the numbers? 2, 4, 6
How many commas are used, all in all?
Name the longest word in the passage. A giraffe ran.
What is the total of all digits? 123
Find the shortest word: elephant, ox.
Of the numbers given, which are even? 2, 5, 8
How many times is the word cat mentioned? A cat met a cat.
Which letter is missing in the message? a b d
You are reading a puzzle. How many lines does it have?
What have I just asked you, word for word?
""".strip().split("\n")
OTHERS = """
What is 3+4*2?
Solve 3x+4=19.
If 2x+3=11, what is 3x-1?
Ann has 3 boxes with 4 apples in each. She buys 9 more apples. How many apples does Ann have now?
A train goes 60 miles in 2 hours. How fast is it?
What is the sum of 7 and 8?
The sum of two numbers is 12 and one is 5. What is the other number?
Tom is 3 years older than Sue, who is 9. How old is Tom?
How many prime numbers are there below 20?
What is the smallest number divisible by 4 and 6?
A shelf above the desk holds 5 books. Two fall down. How many are left?
A plane flies 300 m above the ground and sinks by 40 m. How high is it?
The temperature was 5 degrees below zero and rose by 9. What is it?
Sue writes 3 pages every day. How many pages does she write in a week?
What is the square root of 81?
Find the area of a square of side 4.
How many minutes are in 3 hours?
Which prime divides 49?
A number is doubled and then 3 is added, which gives 11. What is the number?
What is the next number in the sequence 2, 4, 6, 8?
Ben reads 20 pages a day. After how many days has he read a book of 140 pages?
There are 12 questions on a test and Ann gets 9 right. How many does she miss?
Max solves 5 problems an hour. How many problems does he solve in 3 hours?
The price of a phone falls from 200 to 150 dollars. By how many per cent does it fall?
Who wrote Hamlet?
Compute 12 mod 5.
A rectangle has sides 3 and 5. What is its perimeter?
What is the greatest common divisor of 12 and 18?
The number of cats is twice the number of dogs. There are 4 dogs. How many cats are there?
Each of 6 boys has 7 marbles. How many marbles do they have together?
How many legs do 3 spiders have?
Of 30 pupils 12 are girls. How many are boys?
What is the average of 4, 8 and 9?
Ravi sent 15 messages on Monday and 8 on Tuesday. How many more did he send on Monday?
The string of a kite is 20 m long. It loses 3 m. How long is it now?
A line at the shop has 9 people. Four leave. How many stay?
Evaluate f(3) for f(x) = x^2 + 1.
A car costs 9000 dollars and loses a tenth of its value each year. What is it worth after one year?
Is 91 a prime number?
How many ways are there to order three books?
""".strip().split("\n")


def test_the_lists_are_long_enough():
    assert (len(set(ABOUT)), len(set(OTHERS))) == (40, 40)


@pytest.mark.parametrize("kind", ["irrelevant", "irrelevant(numbers=false)", "injected", "reworded"])
def test_what_is_about_its_own_text_keeps_it_and_the_rest_is_perturbed(kind):
    def applied(texts):
        return [text for text in texts if perturb(kind, Question(text, "7", author="file"), random.Random(0))]

    assert applied(ABOUT) == []
    assert applied(OTHERS) == OTHERS


def test_few_questions_of_the_generators_are_taken_for_such_ones():
    for name in ("mixed", "families", "knights", "sequences", "school", "units", "clauses", "ordering"):
        generator, rng = make_generator(name), random.Random(0)
        asked = [generator.generate(TaskSpec(rng.random()), rng).text for _ in range(40)]
        assert not [text for text in asked if is_about_its_text(text)]


@pytest.mark.parametrize("text", ["", " ", "\ud800", "?" * 5000, "how many " * 2000, "the " * 5000, "this " * 5000])
def test_any_text_is_looked_at_and_nothing_takes_long(text):
    assert is_about_its_text(text) is False
    assert is_about_its_text(f"{text} How many words does this text have?")
