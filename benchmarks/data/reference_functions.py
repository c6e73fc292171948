"""Fifty small functions, ours, for measuring generated tests (`benchmarks/mutants.py`).

They are read as text and run in the sandbox; nobody imports this file for its functions. `EXAMPLES` holds two or three
argument tuples for each, the only thing the test generator is told.
"""
# ruff: noqa: SIM102, SIM108


def clamp(x, low, high):
    if low > high:
        low, high = high, low
    if x < low:
        return low
    if x > high:
        return high
    return x


def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a


def is_prime(n):
    if n < 2:
        return False
    divisor = 2
    while divisor * divisor <= n:
        if n % divisor == 0:
            return False
        divisor += 1
    return True


def collatz_steps(n):
    if n < 1:
        raise ValueError("n must be positive")
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def digit_sum(n):
    total = 0
    n = abs(n)
    while n > 0:
        total += n % 10
        n //= 10
    return total


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def factorial(n):
    if n < 0:
        raise ValueError("negative")
    product = 1
    for i in range(2, n + 1):
        product *= i
    return product


def to_binary(n):
    if n == 0:
        return "0"
    bits = ""
    while n > 0:
        bits = str(n % 2) + bits
        n = n // 2
    return bits


def roman(n):
    pairs = [(100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    text = ""
    for value, sign in pairs:
        while n >= value:
            text += sign
            n -= value
    return text


def leap_year(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def triangle_kind(a, b, c):
    a, b, c = sorted([a, b, c])
    if a <= 0 or a + b <= c:
        return "none"
    if a == b and b == c:
        return "equilateral"
    if a == b or b == c:
        return "isosceles"
    return "scalene"


def integer_root(n):
    if n < 0:
        raise ValueError("negative")
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        if middle * middle <= n:
            low = middle
        else:
            high = middle
    return low


def bounce(x, size):
    if size <= 0:
        raise ValueError("size must be positive")
    period = 2 * size
    place = x % period
    return place if place <= size else period - place


def ticket_price(age, weekend):
    if age < 4:
        price = 0
    elif age < 18:
        price = 6
    elif age >= 65:
        price = 8
    else:
        price = 12
    if weekend and price > 0:
        price += 2
    return price


def power_mod(base, exponent, modulus):
    result = 1 % modulus
    base = base % modulus
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent //= 2
    return result


def largest_gap(xs):
    if len(xs) < 2:
        return 0
    ordered = sorted(xs)
    best = 0
    for i in range(1, len(ordered)):
        gap = ordered[i] - ordered[i - 1]
        if gap > best:
            best = gap
    return best


def second_largest(xs):
    distinct = sorted(set(xs))
    if len(distinct) < 2:
        return None
    return distinct[-2]


def running_maximum(xs):
    result = []
    for x in xs:
        if not result or x > result[-1]:
            result.append(x)
        else:
            result.append(result[-1])
    return result


def rotate(xs, k):
    if not xs:
        return []
    k = k % len(xs)
    return xs[-k:] + xs[:-k] if k else list(xs)


def longest_run(xs):
    best = 0
    current = 0
    previous = None
    for x in xs:
        if x == previous:
            current += 1
        else:
            current = 1
        previous = x
        best = max(best, current)
    return best


def binary_search(xs, target):
    xs = sorted(xs)
    low, high = 0, len(xs) - 1
    while low <= high:
        middle = (low + high) // 2
        if xs[middle] == target:
            return True
        if xs[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return False


def maximum_subarray(xs):
    best = xs[0]
    current = xs[0]
    for x in xs[1:]:
        current = max(x, current + x)
        best = max(best, current)
    return best


def insertion_sort(xs):
    result = list(xs)
    for i in range(1, len(result)):
        item = result[i]
        j = i - 1
        while j >= 0 and result[j] > item:
            result[j + 1] = result[j]
            j -= 1
        result[j + 1] = item
    return result


def merge_sorted(xs, ys):
    xs, ys = sorted(xs), sorted(ys)
    merged = []
    i = j = 0
    while i < len(xs) and j < len(ys):
        if xs[i] <= ys[j]:
            merged.append(xs[i])
            i += 1
        else:
            merged.append(ys[j])
            j += 1
    return merged + xs[i:] + ys[j:]


def count_inversions(xs):
    count = 0
    for i in range(len(xs)):
        for j in range(i + 1, len(xs)):
            if xs[i] > xs[j]:
                count += 1
    return count


def moving_average(xs, width):
    if width < 1:
        raise ValueError("width must be positive")
    result = []
    for i in range(len(xs) - width + 1):
        window = xs[i : i + width]
        result.append(sum(window) / width)
    return result


def chunks(xs, size):
    if size <= 0:
        raise ValueError("size must be positive")
    return [xs[i : i + size] for i in range(0, len(xs), size)]


def pairs_with_sum(xs, target):
    count = 0
    for i in range(len(xs)):
        for j in range(i + 1, len(xs)):
            if xs[i] + xs[j] == target:
                count += 1
    return count


def alternating_sum(xs):
    total = 0
    for i, x in enumerate(xs):
        if i % 2 == 0:
            total += x
        else:
            total -= x
    return total


def median(xs):
    if not xs:
        return None
    ordered = sorted(xs)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def water_level(heights):
    total = 0
    for i in range(len(heights)):
        left = max(heights[: i + 1])
        right = max(heights[i:])
        total += min(left, right) - heights[i]
    return total


def climb_ways(n, steps):
    ways = [0] * (n + 1)
    ways[0] = 1
    for i in range(1, n + 1):
        for step in set(steps):
            if 0 < step <= i:
                ways[i] += ways[i - step]
    return ways[n]


def make_change(amount, coins):
    best = [0] + [None] * amount
    for value in range(1, amount + 1):
        for coin in coins:
            if 0 < coin <= value and best[value - coin] is not None:
                candidate = best[value - coin] + 1
                if best[value] is None or candidate < best[value]:
                    best[value] = candidate
    return best[amount]


def is_palindrome(text):
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]


def count_vowels(text):
    count = 0
    for letter in text.lower():
        if letter in "aeiou":
            count += 1
    return count


def run_length(text):
    result = ""
    i = 0
    while i < len(text):
        j = i
        while j < len(text) and text[j] == text[i]:
            j += 1
        result += text[i] + str(j - i)
        i = j
    return result


def caesar(text, shift):
    result = ""
    for c in text:
        if "a" <= c <= "z":
            result += chr((ord(c) - 97 + shift) % 26 + 97)
        else:
            result += c
    return result


def balanced(text):
    stack = []
    closing = {")": "(", "]": "["}
    for c in text:
        if c in "([":
            stack.append(c)
        elif c in closing:
            if not stack or stack.pop() != closing[c]:
                return False
    return not stack


def longest_word(text):
    best = ""
    for word in text.split():
        if len(word) > len(best):
            best = word
    return best


def common_prefix(a, b):
    length = 0
    while length < len(a) and length < len(b) and a[length] == b[length]:
        length += 1
    return a[:length]


def edit_distance(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = 0 if x == y else 1
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
        previous = current
    return previous[-1]


def title_case(text):
    words = []
    for word in text.split(" "):
        words.append(word[:1].upper() + word[1:].lower())
    return " ".join(words)


def number_letters(text):
    counts = {}
    for c in text:
        if c != " ":
            counts[c] = counts.get(c, 0) + 1
    return counts


def invert(mapping):
    result = {}
    for key in sorted(mapping):
        value = mapping[key]
        if value not in result:
            result[value] = []
        result[value].append(key)
    return result


def best_score(scores):
    winner = None
    for name in sorted(scores):
        if winner is None or scores[name] > scores[winner]:
            winner = name
    return winner


def print_table(n):
    for i in range(1, n + 1):
        print(i, i * i)
    return n


def print_triangle(height, sign):
    for row in range(height):
        print(sign * (row + 1))
    print("-" * height)


def print_report(prices, budget):
    left = budget
    for price in prices:
        if price > left:
            print("too dear", price)
        else:
            left -= price
            print("bought", price)
    print("left", left)
    return left


def stack_machine(commands):
    stack = []
    for command in commands:
        if command == "dup":
            stack.append(stack[-1])
        elif command == "add":
            stack.append(stack.pop() + stack.pop())
        elif command == "drop":
            stack.pop()
        else:
            stack.append(len(command))
    return stack


def matrix_column(rows, column):
    result = []
    for row in rows:
        if column >= len(row):
            raise IndexError("no such column")
        result.append(row[column])
    return sum(result)


EXAMPLES = {
    "clamp": [(5, 0, 10), (-3, 0, 10), (12, 8, 2)],
    "gcd": [(12, 18), (7, 3)],
    "is_prime": [(7,), (12,)],
    "collatz_steps": [(6,), (11,)],
    "digit_sum": [(345,), (-12,)],
    "fibonacci": [(5,), (9,)],
    "factorial": [(4,), (6,)],
    "to_binary": [(6,), (13,)],
    "roman": [(14,), (99,), (48,)],
    "leap_year": [(2000,), (1900,), (2024,)],
    "triangle_kind": [(3, 4, 5), (2, 2, 3), (1, 1, 1)],
    "integer_root": [(16,), (20,)],
    "bounce": [(7, 5), (-3, 4)],
    "ticket_price": [(3, True), (17, False), (70, True)],
    "power_mod": [(3, 5, 7), (2, 10, 9)],
    "largest_gap": [([3, 9, 1, 5],), ([4],)],
    "second_largest": [([3, 1, 3, 2],), ([5, 5],)],
    "running_maximum": [([1, 3, 2, 5],), ([4, 4],)],
    "rotate": [([1, 2, 3, 4], 1), ([5, 6, 7], 5)],
    "longest_run": [([1, 1, 2, 2, 2],), ([3],)],
    "binary_search": [([3, 1, 2], 2), ([5, 9], 4)],
    "maximum_subarray": [([1, -2, 3, 4],), ([-1, -5],)],
    "insertion_sort": [([3, 1, 2],), ([2, -2, 2],)],
    "merge_sorted": [([1, 4], [2, 3]), ([5], [5, 6])],
    "count_inversions": [([3, 1, 2],), ([1, 2],)],
    "moving_average": [([1, 2, 3, 4], 2), ([5, 5], 1)],
    "chunks": [([1, 2, 3, 4, 5], 2), ([1, 2], 3)],
    "pairs_with_sum": [([1, 2, 3, 4], 5), ([2, 2, 2], 4)],
    "alternating_sum": [([1, 2, 3],), ([5, -1],)],
    "median": [([3, 1, 2],), ([4, 1, 3, 2],)],
    "water_level": [([3, 0, 2],), ([1, 2, 1, 3],)],
    "climb_ways": [(4, [1, 2]), (5, [2, 3])],
    "make_change": [(6, [1, 3, 4]), (7, [2, 4])],
    "is_palindrome": [("Anna",), ("abc",), ("a b, A",)],
    "count_vowels": [("Hello",), ("sky",), ("AEIou",)],
    "run_length": [("aabccc",), ("x",)],
    "caesar": [("abc xyz", 3), ("Hello", 1)],
    "balanced": [("([])",), ("(]",), ("a(b",)],
    "longest_word": [("the quick fox",), ("a bb cc",)],
    "common_prefix": [("flower", "flow"), ("dog", "cat")],
    "edit_distance": [("kitten", "sitting"), ("abc", "")],
    "title_case": [("hello World",), ("a bc",)],
    "number_letters": [("hello you",), ("aab",)],
    "invert": [({"a": 1, "b": 2, "c": 1},), ({"x": 3},)],
    "best_score": [({"ann": 3, "bob": 5},), ({"z": 1, "a": 1},)],
    "print_table": [(3,), (1,)],
    "print_triangle": [(3, "*"), (2, "ab")],
    "print_report": [([3, 5, 2], 6), ([1], 1)],
    "stack_machine": [(["a", "dup", "add"],), (["abc", "drop", "xy"],)],
    "matrix_column": [([[1, 2], [3, 4]], 1), ([[5]], 0)],
}
