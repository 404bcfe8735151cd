"""Gemm and MatMul."""

from engine.gradients.step import Rule, Step

_MATRIX_AXES = 2
_GEMM_BIAS = 2  # its place among the inputs


def gemm(step: Step) -> list[str | None]:
    """alpha · A' · B' + beta · C, where ' transposes if asked."""
    left, right = step.node.input[:2]
    alpha = step.attribute("alpha", 1.0)
    turn_left, turn_right = step.attribute("transA", 0), step.attribute("transB", 0)
    result: list[str | None] = [None] * len(step.node.input)

    def product(first: str, second: str, turn_first: int, turn_second: int) -> str:
        flags = {"transA": turn_first, "transB": turn_second}
        return step.add("Gemm", first, second, alpha=alpha, **flags)

    if step.needs(0):
        if turn_left:
            result[0] = product(right, step.gradient, turn_right, 1)
        else:
            result[0] = product(step.gradient, right, 0, 1 - turn_right)
    if step.needs(1):
        if turn_right:
            result[1] = product(step.gradient, left, 1, turn_left)
        else:
            result[1] = product(left, step.gradient, 1 - turn_left, 0)
    if len(result) > _GEMM_BIAS and step.needs(_GEMM_BIAS):
        scaled = step.add("Mul", step.gradient, step.constant(step.attribute("beta", 1.0)))
        result[_GEMM_BIAS] = step.unbroadcast(scaled, step.node.input[_GEMM_BIAS])
    return result


def matmul(step: Step) -> list[str | None]:
    """Products of matrices, of stacks of them (broadcast), and of vectors."""
    left, right = step.node.input
    left_rank, right_rank = len(step.shape(left)), len(step.shape(right))
    gradient = _as_matrices(step, left_rank, right_rank)
    result: list[str | None] = [None, None]
    if step.needs(0):
        if left_rank == right_rank == _MATRIX_AXES:
            # Gemm reads a constant weight as it lies; a Transpose would keep a second copy of it.
            result[0] = step.add("Gemm", gradient, right, transB=1)
        else:
            product = step.add("MatMul", gradient, _turned(step, right, right_rank, column=True))
            result[0] = _summed(step, product, left, missing=-2)
    if step.needs(1):
        product = step.add("MatMul", _turned(step, left, left_rank, column=False), gradient)
        result[1] = _summed(step, product, right, missing=-1)
    return result


def _as_matrices(step: Step, left_rank: int, right_rank: int) -> str:
    """The gradient with the axes of length 1 that vectors took from the product."""
    gradient = step.gradient
    if right_rank == 1:
        gradient = step.add("Unsqueeze", gradient, step.constant([-1]))
    if left_rank == 1:
        gradient = step.add("Unsqueeze", gradient, step.constant([-2]))
    return gradient


def _turned(step: Step, name: str, rank: int, *, column: bool) -> str:
    """An operand's matrices transposed; a vector is a `column` on the right, a row on the left."""
    if rank == 1:
        return step.add("Unsqueeze", name, step.constant([0 if column else 1]))
    return step.add("Transpose", name, perm=[*range(rank - 2), rank - 1, rank - 2])


def _summed(step: Step, product: str, like: str, *, missing: int) -> str:
    """A product of stacked matrices, summed over the axes along which `like` was broadcast.

    Args:
        step: the MatMul.
        product: (*stack of the output, rows, columns).
        like: the operand.
        missing: the matrix axis that the operand lacks if it is a vector.
    """
    full, small = _stack(step), step.shape(like)[:-2]
    surplus = len(full) - len(small)
    leading = list(range(surplus))
    stretched = [surplus + i for i, n in enumerate(small) if n == 1 and full[surplus + i] != 1]
    if stretched:
        product = step.add("ReduceSum", product, step.constant(stretched), keepdims=1)
    if leading:
        product = step.add("ReduceSum", product, step.constant(leading), keepdims=0)
    if len(step.shape(like)) == 1:
        product = step.add("Squeeze", product, step.constant([missing]))
    return product


def _stack(step: Step) -> tuple[int | None, ...]:
    """The axes of the output in front of its matrices."""
    vectors = sum(len(step.shape(name)) == 1 for name in step.node.input)
    shape = step.shape(step.node.output[0])
    return shape[: len(shape) - _MATRIX_AXES + vectors]


RULES: dict[str, Rule] = {"Gemm": gemm, "MatMul": matmul}
