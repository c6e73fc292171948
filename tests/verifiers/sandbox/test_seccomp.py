"""The filter, run here by a small BPF interpreter on both architectures' numbers."""

import pytest

from selfplay_gym.verifiers.sandbox.isolation import kernel, seccomp

PID = 4242


def verdict(column: int, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the kernel would answer."""
    program = seccomp.program(column)
    data = [number, kernel.AUDIT_ARCH[column] if arch is None else arch, 0, 0]
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        data += [argument & 0xFFFFFFFF, argument >> 32 & 0xFFFFFFFF]
    at, word = 0, 0
    while True:
        code, yes, no, constant = program[at]
        constant = PID if constant == seccomp.OWN_PID else constant
        at += 1
        if code == seccomp.LOAD:
            word = data[constant // 4]
        elif code == seccomp.AND:
            word &= constant
        elif code == seccomp.JUMP_ALWAYS:
            at += constant
        elif code == seccomp.JUMP_EQUAL:
            at += yes if word == constant else no
        elif code == seccomp.JUMP_GREATER_EQUAL:
            at += yes if word >= constant else no
        else:
            assert code == seccomp.RETURN
            return constant


both = pytest.mark.parametrize("column", [0, 1])


def number(column: int, name: str) -> int:
    found = kernel.NUMBERS[name][column]
    if found is None:
        pytest.skip(f"no {name} on this architecture")
    return found


@both
def test_exactly_the_listed_numbers_pass(column):
    always = {kernel.NUMBERS[name][column] for name in seccomp.ALWAYS} - {None}
    checked = {kernel.NUMBERS[name][column] for name in seccomp.CHECKED} - {None}
    for call in range(1024):
        answer = verdict(column, call, *[0o1000] * 6)  # none of the checked calls likes this argument
        assert (answer == seccomp.ALLOW) == (call in always), call
        if call not in always | checked:
            assert answer == seccomp.EPERM
    assert verdict(column, 0xFFFFFFFF) == seccomp.EPERM


@both
def test_no_dangerous_call_is_named(column):
    never = "execve execveat fork vfork ptrace mount socket connect bind keyctl bpf io_uring_setup unshare setns chmod"
    assert not set(never.split()) & set(kernel.NUMBERS)


@both
def test_other_architectures_die(column):
    assert verdict(column, 0, arch=0x40000003) == seccomp.KILL


def test_x32_numbers_are_refused():
    assert verdict(0, 0x40000000 + 39) == seccomp.EPERM


@both
@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("clone", (0x3D0F00,), True),
        ("clone", (17,), False),
        ("clone", (0x3D0F00 | 1 << 32,), False),
        ("clone", (0x3D0F00 | 0x10000000,), False),
        ("kill", (PID, 9), True),
        ("kill", (1, 9), False),
        ("kill", (2**32 - 1, 9), False),
        ("kill", (0, 15), False),
        ("kill", (PID, 18), False),
        ("kill", (PID, 1 << 32 | 18), False),
        ("kill", (PID, 19), True),
        ("tgkill", (PID, PID, 18), False),
        ("tgkill", (PID, 18, 10), True),
        ("tgkill", (PID, PID, 6), True),
        ("tgkill", (1, 1, 6), False),
        ("prlimit64", (0, 7), True),
        ("prlimit64", (1, 7), False),
        ("fcntl", (1, 2), True),
        ("fcntl", (1, 8), False),
        ("fcntl", (1, 1033), False),
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),
        ("ioctl", (0, 0x1_0000_5412), False),
        ("prctl", (15,), True),
        ("prctl", (22, 2), False),
        ("prctl", (4, 1), False),
        ("openat", (0, 0, 0o1000), False),
        ("openat", (0, 0, 0o1001), True),
        ("open", (0, 0o1000), False),
        ("open", (0, 0), True),
        ("fcntl", (1, 6), False),
        ("fcntl", (1, 37), False),
        ("openat", (0, 0, 0o20200002), False),
        ("open", (0, 0o20200001), False),
        ("mkdirat", (0, 0, 0o777), True),
        ("mkdirat", (0, 0, 0o300), False),
        ("mkdir", (0, 0), False),
        ("umask", (0o077,), True),
        ("umask", (0o400,), False),
        ("socketpair", (1, 1 | 0o2000000), True),
        ("socketpair", (1, 2), False),
        ("socketpair", (2, 1), False),
        ("sendto", (3, 1, 1, 0, 0), True),
        ("sendto", (3, 1, 1, 0, 1 << 40), False),
        ("sendto", (3, 1, 1, 0, 5), False),
    ],
)
def test_arguments_are_checked(column, name, arguments, allowed):
    assert (verdict(column, number(column, name), *arguments) == seccomp.ALLOW) == allowed


@both
def test_clone3_pretends_not_to_exist(column):
    assert verdict(column, number(column, "clone3")) == seccomp.ENOSYS


@both
def test_a_lock_is_never_taken(column):
    assert verdict(column, number(column, "flock"), 3, 2) == seccomp.PRETEND


@both
def test_the_program_fits_the_kernel(column):
    program = seccomp.program(column)
    assert len(program) < 4096
    for code, yes, no, constant in program:
        assert 0 <= yes < 256
        assert 0 <= no < 256
        assert 0 <= constant < 1 << 32
        assert code < 1 << 16
