"""Which of PyTorch's own operators (ATen's) are which primitive operator.

Modules, functions and methods all end there: ``nn.ReLU``, ``functional.relu`` and ``Tensor.relu_``
are ``aten::relu`` or ``aten::relu_``, which is one name here, without the last underscore. Views
are not listed: the schema of an operator says that its result shares memory with its argument.
"""

from nasutils.graphs import operators as ops

#: Two or more tensors or numbers become one. The larger of two is a pooling of both.
MERGES: dict[str, str] = {
    **{name: name for name in ops.MERGES},
    "add_n": ops.ADD,
    **dict.fromkeys(["cat", "concatenate", "stack"], ops.CONCAT),
    **dict.fromkeys(["subtract", "rsub"], ops.SUB),
    **dict.fromkeys(["multiply", "matmul", "mm", "bmm"], ops.MUL),
    **dict.fromkeys(["true_divide", "divide"], ops.DIV),
    "maximum": ops.MAX_POOL,
}

#: Parts of one tensor become one: a sum adds them, a norm is a mean of their squares but for scale.
REDUCTIONS: dict[str, str] = {
    "sum": ops.ADD,
    "mean": ops.MEAN,
    "linalg_vector_norm": ops.MEAN,
    **dict.fromkeys(["amax", "max"], ops.MAX_POOL),
}

_CONVS = {**dict.fromkeys(["conv1d", "conv2d"], ops.CONV), "conv_transpose2d": ops.CONV_TRANSPOSE}
_UPSAMPLE = (
    "upsample_nearest2d _upsample_nearest_exact2d upsample_bilinear2d _upsample_bilinear2d_aa "
    "upsample_bicubic2d _upsample_bicubic2d_aa upsample_nearest1d upsample_linear1d"
)
#: They read the second dimension as the channels.
CHANNELS_FIRST: dict[str, str] = {
    **_CONVS,
    **{name: name for name in ops.NORMS if name != "layer_norm"},
    **dict.fromkeys(["max_pool2d", "max_pool2d_with_indices", "adaptive_max_pool2d"], ops.MAX_POOL),
    **dict.fromkeys(["avg_pool2d", "adaptive_avg_pool2d"], ops.AVG_POOL),
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle"], "pixel_shuffle"),
    **dict.fromkeys(_UPSAMPLE.split(), "upsample"),
}

#: All operators of one tensor, and perhaps weights.
UNARY: dict[str, str] = {
    **{name: name for name in (*ops.ACTIVATIONS, ops.LINEAR, "layer_norm", "pad")},
    **dict.fromkeys(["clamp", "clamp_min", "clamp_max"], "hardtanh"),
    "_safe_softmax": "softmax",
    "reciprocal": ops.DIV,
    **REDUCTIONS,
    **CHANNELS_FIRST,
}

#: Functions of Python that are one operator, although PyTorch makes them of several.
AS_ONE = {"add_n", "local_response_norm"}

#: Their results are meant to decide what runs.
DECISIONS = {
    *("eq", "ne", "lt", "le", "gt", "ge", "nonzero", "is_nonzero", "equal", "allclose"),
    *("item", "_local_scalar_dense"),
}

#: With these bounds a clipping has a name of its own.
CLIPPED = {(0, 6): "relu6", (0, None): "relu", (0,): "relu"}

IDENTITIES = {"dropout", "feature_dropout", "alpha_dropout"}

#: Data moves but nothing is computed: these become edges, as views do.
MOVES = {
    *("clone", "_to_copy", "index", "index_select", "repeat", "tile", "repeat_interleave"),
    *("flip", "roll", "unsafe_chunk", "unsafe_split", "channel_shuffle"),
}

#: The result holds nothing of the arguments but their shape: zeros, one number, or anything.
ZEROS = {"zeros", "zeros_like", "new_zeros", "zero"}
FILLS = {"full", "full_like", "new_full", "fill", "scalar_tensor"}
SHAPED = {*("ones_like", "rand_like", "randn_like", "empty_like"), "new_ones", "new_empty"}

KNOWN = (UNARY, MERGES, IDENTITIES, ZEROS, FILLS, SHAPED, {"copy"})
