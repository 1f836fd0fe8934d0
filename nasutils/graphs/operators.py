"""The primitive operators: the types that a node of a computation graph can have.

The list follows what Han et al. extract from TensorFlow's graphs ("A General-Purpose Transferable
Predictor for Neural Architecture Search", https://arxiv.org/abs/2302.10835, Section 3.2), and grows
by what other convolutional networks use.
"""

INPUT, OUTPUT = "input", "output"

# With trainable weights: only these have a weight shape and a bias.
CONV, DEPTHWISE, CONV_TRANSPOSE, LINEAR = "conv", "depthwise_conv", "conv_transpose", "linear"
WEIGHTED = (CONV, DEPTHWISE, CONV_TRANSPOSE, LINEAR)

BATCH_NORM, RELU = "batch_norm", "relu"
ADD, SUB, MUL, DIV, CONCAT = MERGES = ("add", "sub", "mul", "div", "concat")
MAX_POOL, AVG_POOL, MEAN = "max_pool", "avg_pool", "mean"
HARDSWISH, HARDSIGMOID, IDENTITY = "hardswish", "hardsigmoid", "identity"

ACTIVATIONS = (
    RELU, HARDSWISH, HARDSIGMOID, "relu6", "leaky_relu", "prelu", "elu", "selu", "silu", "gelu",
    "mish", "hardtanh", "sigmoid", "tanh", "softplus", "softmax", "log_softmax",
)  # fmt: skip
NORMS = (BATCH_NORM, "layer_norm", "group_norm", "instance_norm", "local_response_norm")
POOLS = (MAX_POOL, AVG_POOL, MEAN)
RESIZES = ("pad", "upsample", "pixel_shuffle")

#: All types; the code of a node is a position in this list.
OPERATORS = (INPUT, OUTPUT, *WEIGHTED, *ACTIVATIONS, *NORMS, *POOLS, *MERGES, *RESIZES, IDENTITY)
CODES = {name: code for code, name in enumerate(OPERATORS)}
